/** Mail that arrives on Cloudflare, as a trigger of an app's event. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { acceptMail } from "../../src/apps/webhooks/accept-mail.ts";
import { mailTo } from "../../src/worker.ts";
import { recordingPorts } from "./ports.ts";
import { ada, stopped, wait } from "./support.ts";
import { behaviours, events } from "./worker.ts";

const email = mailTo(events, "@test/lab", "ticked");

function message(
	text: string,
	id = crypto.randomUUID(),
	to = "news@example.com",
	headers: Record<string, string> = {},
) {
	const bytes = new TextEncoder().encode(text);
	const rejected: string[] = [];
	return {
		from: "grace@example.com",
		to,
		headers: new Headers({
			"Message-ID": `<${id}>`,
			Subject: "hello",
			...headers,
		}),
		raw: new Response(bytes).body,
		rawSize: bytes.length,
		setReject: (reason: string) => void rejected.push(reason),
		rejected,
	};
}
const arrive = (mail: ReturnType<typeof message>) => email(mail as never);

async function join(): Promise<void> {
	behaviours.set("two", (_, { event }) =>
		event.subscribe("@test/lab", "ticked", "one"),
	);
	await events.apps.run("@test/lab", "two", null, { tokens: [await ada()] });
}

async function leave(): Promise<void> {
	behaviours.set("two", (_, { event }) =>
		event.unsubscribe("@test/lab", "ticked"),
	);
	await events.apps.run("@test/lab", "two", null, { tokens: [await ada()] });
	await stopped("@test/lab/ticked");
}

afterEach(async () => {
	await leave();
	behaviours.clear();
});

describe("mail", () => {
	test("reads only the lifecycle phase, not the number of subscribers", async () => {
		await join();
		const ports = recordingPorts();
		const { subscriptionsOf } = ports;
		const state = vi.fn();
		ports.subscriptionsOf = (name) => ({ ...subscriptionsOf(name), state });
		const { from, to } = message("");
		const isHeld = await acceptMail(
			{ app: "@test/lab", event: "ticked" },
			{ trigger: "mail", headers: {}, bytes: new Uint8Array(), from, to },
			undefined,
			ports,
		);
		expect(isHeld).toBe(true);
		expect(ports.recorded.events).toHaveLength(1);
		expect(state).not.toHaveBeenCalled();
	});

	test("reaches the event's handler unchanged, once for each Message-ID", async () => {
		await join();
		const handled: unknown[] = [];
		behaviours.set("ticked handler", (input) => void handled.push(input));
		const mails = [
			message("Subject: hello\r\n\r\nhi", "m1"),
			message("Subject: hello\r\n\r\nhi", "m1"),
			message("other", "m2"),
		];
		for (const mail of mails) {
			await arrive(mail);
			expect(mail.rejected).toEqual([]);
		}
		await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
		expect(handled).toContainEqual({
			trigger: "mail",
			from: "grace@example.com",
			to: "news@example.com",
			headers: { "message-id": "<m1>", subject: "hello" },
			bytes: new TextEncoder().encode("Subject: hello\r\n\r\nhi"),
		});
	});

	test("is one event if its server sends it again, although each server on the way adds headers", async () => {
		await join();
		const handled: unknown[] = [];
		behaviours.set("ticked handler", (input) => void handled.push(input));
		for (const attempt of ["1", "2"])
			await arrive(
				message(
					`Received: ${attempt}\r\nSubject: hello\r\n\r\nhi`,
					"m5",
					undefined,
					{
						Received: `from mail.example.com id ${attempt}`,
						"ARC-Seal": `i=1; b=${attempt}`,
						"X-Spam-Score": attempt,
						"Authentication-Results": `mx.example; dkim=pass header.b=${attempt}; spf=pass smtp.remote-ip=192.0.2.${attempt}`,
					},
				),
			);
		await vi.waitFor(() => expect(handled).toHaveLength(1), wait);
		await arrive(message("last", "m6"));
		await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
	});

	test("is not suppressed by a forged one with its Message-ID", async () => {
		await join();
		const handled: { bytes: Uint8Array; headers: object }[] = [];
		behaviours.set("ticked handler", (input) => void handled.push(input));
		const text = "Subject: hello\r\n\r\npay invoice 1";
		const passed = { "Authentication-Results": "mx.example; dmarc=pass" };
		const genuine = () => message(text, "m4", undefined, passed);
		const forged = [
			message("Subject: hello\r\n\r\npay invoice 2", "m4", undefined, passed),
			message("Subject: hello\n\npay invoice 3", "m4", undefined, passed),
			message("no empty line", "m4", undefined, passed),
			message(text, "m4", undefined, { ...passed, Subject: "other" }),
			message(text, "m4", undefined, {
				...passed,
				"Reply-To": "a@evil.example",
			}),
			{ ...genuine(), from: "mallory@example.com" },
			// A copy of the genuine mail that fails to authenticate.
			message(text, "m4", undefined, {
				"Authentication-Results":
					"mx.example; dmarc=fail, mx.example; dmarc=pass",
			}),
		];
		for (const mail of forged) await arrive(mail);
		await vi.waitFor(() => expect(handled).toHaveLength(forged.length), wait);
		await arrive(genuine());
		await arrive(genuine());
		await arrive(message("last", "m7"));
		const all = forged.length + 2;
		await vi.waitFor(() => expect(handled).toHaveLength(all), wait);
	});

	test("to several addresses with one Message-ID is handled once for each", async () => {
		await join();
		const handled: string[] = [];
		behaviours.set("ticked handler", ({ to }) => void handled.push(to));
		const to = ["ada@example.com", "ben@example.com"];
		for (const one of [...to, ...to]) await arrive(message("hi", "m3", one));
		await vi.waitFor(() => expect(handled.sort()).toEqual(to), wait);
	});

	test("with an oversized Message-ID is still accepted", async () => {
		await join();
		const handled: unknown[] = [];
		behaviours.set("ticked handler", (input) => void handled.push(input));
		const long = "x".repeat(60_000);
		for (const text of ["1", "2"]) await arrive(message(text, long));
		await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
	});

	test("is rejected without subscribers, and over the size limit", async () => {
		const early = message("hi");
		await arrive(early);
		expect(early.rejected).toEqual(["this address does not accept mail now"]);
		await join();
		const large = message("x".repeat(262_145));
		await arrive(large);
		expect(large.rejected).toEqual(["the mail has more than 262144 bytes"]);
		const fits = message("x".repeat(262_144));
		await arrive(fits);
		expect(fits.rejected).toEqual([]);
	});
});
