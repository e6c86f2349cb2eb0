/** The inbox's apps, tested as a user would test them: mail arrives, and the inbox of each subscriber stores it. */
import { createEvents } from "tidings";
import { createTestEvents } from "tidings/testing";
import { afterEach, expect, test, vi } from "vitest";
import { email } from "../email/app.ts";
import { inbox } from "../inbox/app.ts";
import { LOCAL_SECRET, tokenOf } from "../users.ts";

const ada = await tokenOf({ accountId: "a1", email: "ada@example.com" });
const forged = await tokenOf(
	{ accountId: "a1", email: "ada@example.com" },
	"a secret that the organization does not know",
);

afterEach(() => vi.unstubAllGlobals());

function busWithMail() {
	const files: string[] = [];
	/** The URLs that the mail service was given. */
	const webhooks: string[] = [];
	vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
		if (init.body) webhooks.push(JSON.parse(`${init.body}`).url);
		else webhooks.pop();
		return new Response();
	});
	const events = createEvents({ apps: [email, inbox], observe: () => {} });
	const bus = createTestEvents(events, {
		now: Date.now(),
		env: {
			MAIL_SERVICE: "https://mail.test",
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
	const receive = (id: string, recipient: string) =>
		bus.fetch(new URL(webhooks[0] as string).pathname, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ id, recipient, from: "g@h.example", subject: "" }),
		});
	return { bus, files, webhooks, run, receive };
}

test("mail for a subscriber is stored, and mail for others is not", async () => {
	const { bus, files, run, receive, webhooks } = busWithMail();
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
	const { bus, run, webhooks } = busWithMail();
	await run("subscribe_to_emails", ada);
	await bus.settle();
	await run("unsubscribe_from_emails", ada);
	await bus.advance("1 hour");
	expect(webhooks).toEqual([]);
});

test("a forged token subscribes nobody", async () => {
	const { bus, run, webhooks } = busWithMail();
	await expect(run("subscribe_to_emails", forged)).rejects.toThrow();
	await bus.settle();
	expect(webhooks).toEqual([]);
});
