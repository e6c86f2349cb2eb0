/** The document of the app platform, sentence by sentence, with its own code. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import {
	ada,
	ben,
	call,
	mailService,
	stopped,
	wait,
	wayOf,
} from "./support.ts";
import { events, transitions } from "./worker.ts";

const bucket = (env as unknown as { APP_STORAGE: R2Bucket }).APP_STORAGE;

const subscribe = (token: string) =>
	events.apps.run("@my-org/inbox", "subscribe_to_emails", null, {
		tokens: [token],
	});
const unsubscribe = (token: string) =>
	events.apps.run("@my-org/inbox", "unsubscribe_from_emails", null, {
		tokens: [token],
	});

const mail = (recipient: string, id: string) =>
	JSON.stringify({
		id,
		recipient,
		from: "grace@example.com",
		subject: "hello",
		snippet: "hello, …",
	});

const notification = async (id: string) =>
	(await bucket.get(`@my-org/inbox/notifications/${id}.json`))?.json();

let asked: ReturnType<typeof mailService>;

beforeEach(() => {
	asked = mailService();
});
afterEach(async () => {
	await unsubscribe(await ada());
	await unsubscribe(await ben());
	await stopped("@my-org/email/new_email");
	vi.restoreAllMocks();
});

/** Where the mail service calls, as `start` has told it. */
function webhook(): string {
	const { body } = asked.find(({ method }) => method === "PUT") ?? {};
	return (body as { url: string }).url;
}

describe("the complete flow when an email arrives", () => {
	test("the service calls the app's handler, which sends to the subscriber with that email, whose tool stores it", async () => {
		expect(await subscribe(await ada())).toEqual({ subscribed: true });
		expect(await subscribe(await ben())).toEqual({ subscribed: true });
		const response = await call("POST", webhook(), {
			body: mail("ada@example.com", "m1"),
		});
		expect(response.status).toBe(202);
		await vi.waitFor(async () => {
			expect(await notification("m1")).toEqual({
				from: "grace@example.com",
				subject: "hello",
				received: expect.any(Number),
			});
		}, wait);
		const sent = transitions.find(
			({ type, event }) =>
				type === "published" && event === "@my-org/email/new_email",
		);
		await vi.waitFor(
			() =>
				expect(wayOf(sent?.id ?? "")).toEqual([
					"published",
					expect.stringMatching(
						/^delivered @my-org\/inbox\/handle_new_email#\d+ 1$/,
					),
				]),
			wait,
		);
	});
});

describe("start.ts", () => {
	test("runs with the webhook's URL when the first subscriber joins, and more subscribers share it", async () => {
		await subscribe(await ada());
		expect(asked).toEqual([
			{
				method: "PUT",
				body: {
					url: expect.stringMatching(
						/^https:\/\/events\.example\/hooks\/@my-org\/email\/new_email\/[A-Za-z0-9_-]{43}$/,
					),
					topic: "new_email",
				},
			},
		]);
		await subscribe(await ben());
		await subscribe(await ada());
		expect(asked).toHaveLength(1);
	});
});

test("a webhook's URL can be rotated: the old one is unknown at once, and start registers the new one", async () => {
	await subscribe(await ada());
	const old = webhook();
	const rotated = await boundSubscriptions(
		"@my-org/email/new_email",
	).rotateWebhook();
	expect((await call("POST", old, { body: "{}" })).status).toBe(404);
	await vi.waitFor(
		() =>
			expect(asked.map(({ method }) => method)).toEqual([
				"PUT",
				"DELETE",
				"PUT",
			]),
		wait,
	);
	const [, , { body } = {}] = asked;
	const { url } = body as { url: string };
	expect(url).toMatch(new RegExp(`/${rotated}$`));
	const response = await call("POST", url, {
		body: mail("nobody@example.com", "m9"),
	});
	expect(response.status).toBe(202);
});

describe("stop.ts", () => {
	test("runs when the last subscriber leaves, and closes the webhook", async () => {
		await subscribe(await ada());
		await subscribe(await ben());
		const url = webhook();
		await unsubscribe(await ada());
		expect(asked.map(({ method }) => method)).toEqual(["PUT"]);
		await unsubscribe(await ben());
		await vi.waitFor(
			() =>
				expect(asked.map(({ method }) => method)).toEqual(["PUT", "DELETE"]),
			wait,
		);
		await vi.waitFor(async () => {
			const response = await call("POST", url, { body: "{}" });
			expect(response.status).toBe(410);
		}, wait);
	});
});
