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
) {
	const bytes = new TextEncoder().encode(text);
	const rejected: string[] = [];
	return {
		from: "grace@example.com",
		to,
		headers: new Headers({ "Message-ID": `<${id}>`, Subject: "hello" }),
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
			message("again", "m1"),
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
