/** The inbox's apps, tested as a user would test them: mail arrives, and the inbox of each subscriber stores it. */
import { createEvents } from "tidings";
import { createTestEvents } from "tidings/testing";
import { afterEach, expect, test, vi } from "vitest";
import { calendar } from "../calendar/app.ts";
import { email } from "../email/app.ts";
import { inbox } from "../inbox/app.ts";
import { LOCAL_SECRET, tokenOf } from "../users.ts";

const ada = await tokenOf({ accountId: "a1", email: "ada@example.com" });
const forged = await tokenOf(
	{ accountId: "a1", email: "ada@example.com" },
	"a secret that the organization does not know",
);

afterEach(() => vi.unstubAllGlobals());

function busWithServices() {
	const files: string[] = [];
	/** The URLs that the mail and the calendar service were given. */
	const webhooks: string[] = [];
	vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
		if (init.body) webhooks.push(JSON.parse(`${init.body}`).url);
		else webhooks.pop();
		return new Response();
	});
	const events = createEvents({
		apps: [email, calendar, inbox],
		observe: () => {},
	});
	const bus = createTestEvents(events, {
		now: Date.now(),
		env: {
			MAIL_SERVICE: "https://mail.test",
			CALENDAR_SERVICE: "https://calendar.test",
			APP_STORAGE: { put: async (path: string) => void files.push(path) },
		},
		config: {
			issuers: {
				"@my-org/auth": {
					issuer: "https://auth.my-org.example",
					audience: "inbox",
					secret: LOCAL_SECRET,
				},
			},
		},
	});
	const run = (tool: string, token: string) =>
		bus.request(() =>
			events.apps.run("@my-org/inbox", tool, {}, { tokens: [token] }),
		);
	/** Does what a service does when something happens there. */
	const callWebhook = (content: object) =>
		bus.fetch(new URL(webhooks[0] as string).pathname, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(content),
		});
	const receive = (id: string, recipient: string) =>
		callWebhook({ id, recipient, from: "g@h.example", subject: "" });
	return { bus, files, webhooks, run, callWebhook, receive };
}

test("mail for a subscriber is stored, and mail for others is not", async () => {
	const { bus, files, run, receive, webhooks } = busWithServices();
	await run("subscribe_to_emails", ada);
	await bus.settle();
	expect(webhooks).toHaveLength(1);
	expect((await receive("m1", "ada@example.com")).status).toBe(202);
	await receive("m2", "ben@example.com");
	await bus.settle();
	expect(files).toHaveLength(1);
	expect(files[0]).toContain("m1.json");
	expect(bus.attempts("@my-org/inbox/handle_new_email")).toMatchObject([
		{ outcome: "delivered" },
	]);
});

test("after the last one has unsubscribed, the webhook is removed", async () => {
	const { bus, run, webhooks } = busWithServices();
	await run("subscribe_to_emails", ada);
	await bus.settle();
	await run("unsubscribe_from_emails", ada);
	await bus.advance("1 hour");
	expect(webhooks).toEqual([]);
});

test("a forged token subscribes nobody", async () => {
	const { bus, run, webhooks } = busWithServices();
	await expect(run("subscribe_to_emails", forged)).rejects.toThrow();
	await bus.settle();
	expect(webhooks).toEqual([]);
});

test("ten minutes before a meeting, its attendee is reminded", async () => {
	const { bus, files, callWebhook } = busWithServices();
	const subscribed = await bus.fetch("/v1/subscriptions", {
		method: "POST",
		headers: {
			authorization: `Bearer ${ada}`,
			"content-type": "application/json",
		},
		body: JSON.stringify({
			app: "@my-org/inbox",
			tool: "handle_meeting_soon",
			source: "@my-org/calendar",
			event: "meeting_soon",
		}),
	});
	expect(subscribed.ok).toBe(true);
	await bus.settle();
	const startsAt = Number(bus.now) + 3 * 86_400_000;
	const meeting = { id: "s1", title: "review", startsAt };
	await callWebhook({ ...meeting, attendee: "ada@example.com" });
	await bus.advance(new Date(startsAt - 11 * 60_000));
	expect(files).toEqual([]);
	await bus.advance("1 minute");
	expect(files).toEqual([expect.stringContaining("/reminders/s1.json")]);
});
