/** The document of the app platform: each of its sentences as a test, with its own example. */
import { env } from "cloudflare:workers";
import { createApp } from "tidings/apps";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import eventsJson from "../../examples/inbox/email/events.json" with {
	type: "json",
};
import { handlers } from "../../examples/inbox/email/src/app.generated.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { refusal } from "./as-app.ts";
import { acts } from "./more-apps.ts";
import {
	ada,
	ben,
	call,
	mailService,
	stopped,
	tokenOf,
	transitionsOf,
	wait,
} from "./support.ts";
import { events, transitions } from "./worker.ts";

const NAME = "@my-org/email/new_email";
const bucket = (env as unknown as { APP_STORAGE: R2Bucket }).APP_STORAGE;
const { new_email: newEmail } = eventsJson;

const run = (tool: string, token?: string) =>
	events.apps.run("@my-org/inbox", tool, null, {
		tokens: token === undefined ? [] : [token],
	});
const subscribe = (token?: string) => run("subscribe_to_emails", token);
const unsubscribe = (token?: string) => run("unsubscribe_from_emails", token);

let asked: ReturnType<typeof mailService>;
/** The URL that start registered with the mail service, the first time or a later one. */
function webhook(time = 0): string {
	const starts = asked.filter(({ method }) => method === "PUT");
	const { body } = starts[time] ?? {};
	return (body as { url: string }).url;
}

/** Delivers a mail. Returns the id of the event that the handler sends. */
async function arrive(recipient: string, id: string): Promise<string> {
	const before = transitions.length;
	const mail = { id, recipient, from: "g@example.com", subject: "s" };
	const body = JSON.stringify({ ...mail, snippet: "s" });
	expect((await call("POST", webhook(), { body })).status).toBe(202);
	const sent = () =>
		transitions
			.slice(before)
			.find(({ type, event }) => type === "published" && event === NAME);
	await vi.waitFor(() => expect(sent()).toBeDefined(), wait);
	return sent()?.id as string;
}

async function ends(id: string, count: number): Promise<string[]> {
	await vi.waitFor(
		() => expect(transitionsOf(id)).toHaveLength(1 + count),
		wait,
	);
	return transitionsOf(id).slice(1);
}

const delivered = expect.stringMatching(
	/^delivered @my-org\/inbox\/handle_new_email#\d+ 1$/,
);

beforeEach(() => {
	asked = mailService();
});
afterEach(async () => {
	for (const { app, key } of await boundSubscriptions(NAME).list({
		limit: 100,
	}))
		await boundSubscriptions(NAME).unsubscribe(app, key);
	await stopped(NAME);
	vi.restoreAllMocks();
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
				expect(transitionsOf(sent?.id ?? "")).toEqual([
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

describe("Defining Events", () => {
	const defining = (new_email: object, given: object = handlers) =>
		createApp("@my-org/email", {
			events: { new_email },
			handlers: given as typeof handlers,
		});

	test("the example's events.json is accepted unchanged", () => {
		expect(defining(newEmail).declaration.events.new_email).toEqual(newEmail);
	});

	test.each(["description", "capabilities", "tokens", "payload"] as const)(
		"%s is required",
		(field) => {
			const { [field]: _, ...rest } = newEmail;
			expect(() => defining(rest)).toThrow(
				`@my-org/email: events.json: new_email.${field}: required`,
			);
		},
	);

	test.each(["start", "handler", "stop"] as const)(
		"each event needs three handler files: without %s.ts the error names it",
		(part) => {
			const { [part]: _, ...rest } = handlers.new_email;
			expect(() => defining(newEmail, { new_email: rest })).toThrow(
				`@my-org/email: src/events/new_email/${part}.ts is missing`,
			);
		},
	);

	test("capabilities are what event handlers can access", () => {
		expect(() => defining({ ...newEmail, capabilities: ["mail"] })).toThrow(
			'"mail" is not a capability; use storage or event',
		);
	});

	test("payload is a schema for the event data", () => {
		expect(() =>
			defining({ ...newEmail, payload: { type: "objekt" } }),
		).toThrow(/new_email\.payload/);
	});
});

describe("Token-Based Matching", () => {
	test("subscribers need an account token from @my-org/auth", async () => {
		for (const token of [
			undefined,
			await tokenOf({}, { account: undefined }),
			await tokenOf({ accountId: "a1" }),
			await tokenOf({ email: "ada@example.com" }),
		]) {
			const refused = await refusal(subscribe(token));
			expect(refused.code).toBe("tool_failed");
			expect(refused.message).toMatch(/@my-org\/auth/);
		}
		expect((await boundSubscriptions(NAME).state()).subscribers).toBe(0);
	});

	test("the accountId and email fields form the subscription key", async () => {
		await subscribe(await ada());
		expect(await boundSubscriptions(NAME).list({ limit: 9 })).toMatchObject([
			{
				app: "@my-org/inbox",
				tool: "handle_new_email",
				key: [
					["accountId", "a1"],
					["email", "ada@example.com"],
				],
			},
		]);
		await subscribe(
			await tokenOf({ accountId: "a2", email: "ada@example.com" }),
		);
		expect((await boundSubscriptions(NAME).state()).subscribers).toBe(2);
	});

	test("when an event fires for an email, only subscribers with that email receive it", async () => {
		await subscribe(await ada());
		await subscribe(await ben());
		await subscribe(
			await tokenOf({ accountId: "a2", email: "ada@example.com" }),
		);
		await subscribe(
			await tokenOf({ accountId: "a3", email: "Ada@example.com" }),
		);
		const id = await arrive("ada@example.com", "only");
		const handlers = await ends(id, 2);
		const { 0: first, 2: third } = await boundSubscriptions(NAME).list({
			limit: 9,
		});
		expect(handlers.sort()).toEqual(
			[first, third].map(
				(one) => `delivered @my-org/inbox/handle_new_email#${one?.id} 1`,
			),
		);
	});
});

describe("How Events Work", () => {
	test("the email app doesn't need to know its subscribers: it emits to none as to many", async () => {
		await subscribe(await ada());
		const id = await arrive("nobody@example.com", "nobody");
		expect(await ends(id, 1)).toEqual(["ignored"]);
	});

	test("the same handler serves many subscribers, and each subscriber's tool runs with the payload", async () => {
		for (const accountId of ["a1", "a2", "a3"])
			await subscribe(await tokenOf({ accountId, email: "ada@example.com" }));
		const id = await arrive("ada@example.com", "many");
		expect(await ends(id, 3)).toEqual([delivered, delivered, delivered]);
		expect(await bucket.head("@my-org/inbox/notifications/many.json")).not.toBe(
			null,
		);
	});
});

describe("Event Flow", () => {
	test("subscribers process the event independently: one that fails neither stops nor repeats another", async () => {
		await subscribe(await ada());
		const lonely = { accountId: "a9", email: "ada@example.com" };
		await boundSubscriptions(NAME).subscribe({
			app: "@test/guest",
			tool: "act",
			key: Object.entries(lonely),
		});
		acts.set("@test/guest", () => {
			throw Object.assign(new Error("no"), { tidings: "non_retryable" });
		});
		const id = await arrive("ada@example.com", "independent");
		expect((await ends(id, 2)).sort()).toEqual([
			expect.stringMatching(/^dead @test\/guest\/act#\d+ 1$/),
			delivered,
		]);
		acts.clear();
	});

	test("a notification that the handler cannot parse becomes the handler's dead letter, and reaches no subscriber", async () => {
		await subscribe(await ada());
		const response = await call("POST", webhook(), { body: "not JSON" });
		const { id } = (await response.json()) as { id: string };
		await vi.waitFor(
			() =>
				expect(transitionsOf(id).at(-1)).toMatch(
					/^retrying @my-org\/email\/new_email\/handler 1$/,
				),
			wait,
		);
	});
});

describe("Unsubscribing", () => {
	test("stop receiving events", async () => {
		await subscribe(await ada());
		await subscribe(await ben());
		await unsubscribe(await ada());
		const id = await arrive("ada@example.com", "after");
		expect(await ends(id, 1)).toEqual(["ignored"]);
		expect(
			await bucket.head("@my-org/inbox/notifications/after.json"),
		).toBeNull();
	});
});

describe("Lifecycle Management", () => {
	const calls = () => asked.map(({ method }) => method);

	test("you don't have duplicate webhooks for multiple subscribers, even if they join concurrently", async () => {
		const tokens = await Promise.all(
			[1, 2, 3, 4, 5].map((n) =>
				tokenOf({ accountId: `a${n}`, email: "ada@example.com" }),
			),
		);
		await Promise.all(tokens.map(subscribe));
		expect(calls()).toEqual(["PUT"]);
		await Promise.all(tokens.map(unsubscribe));
		await stopped(NAME);
		expect(calls()).toEqual(["PUT", "DELETE"]);
	});

	test("the next first subscriber starts it again, under the same URL", async () => {
		await subscribe(await ada());
		const url = webhook();
		await unsubscribe(await ada());
		await stopped(NAME);
		await subscribe(await ada());
		expect(calls()).toEqual(["PUT", "DELETE", "PUT"]);
		expect(webhook(1)).toBe(url);
	});
});
