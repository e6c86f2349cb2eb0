/** The entry points of a Worker without apps: each says what to add. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { createApp } from "../../src/apps/app.ts";
import type { Config } from "../../src/config/config.ts";
import type { ApiDocument } from "../../src/entrypoints/http/openapi/document.ts";
import { createEvents } from "../../src/index.ts";
import { objectContext } from "../../src/platform/object-context.ts";
import { mailTo, publisher, worker } from "../../src/worker.ts";
import { installKeys, keyOf } from "../support/http.ts";

const events = createEvents();
const own = worker(events);

beforeAll(installKeys);

const REMEDY =
	'import { apps } from "tidings/apps" and pass worker(events, { apps: apps() })';
const MISSING = {
	code: "not_configured",
	message: `this Worker has no apps; ${REMEDY}`,
};

async function refusalOf(call: () => Promise<unknown>) {
	const { code, message } = await call().then(
		() => ({ code: "accepted", message: "" }),
		(error) => error,
	);
	return { code, message };
}

test.each([
	["POST", "/v1/apps/@a/b/tools/c"],
	["GET", "/v1/apps/@a/b/events/c/webhook"],
	["GET", "/v1/subscriptions"],
	["POST", "/hooks/@a/b/c/secret"],
])(
	"%s %s is 501, so that a sender of webhooks tries again",
	async (method, path) => {
		const request = new Request(`https://events.test${path}`, {
			method,
			headers: { authorization: `Bearer ${keyOf("admin")}` },
		});
		const response = await own.fetch(request as never, env, {} as never);
		expect(await response.json()).toMatchObject({
			status: 501,
			code: MISSING.code,
			detail: MISSING.message,
		});
		expect(response.status).toBe(501);
	},
);

test("the description of the API has no route of apps", async () => {
	const request = new Request("https://events.test/openapi.json");
	const response = await own.fetch(request as never, env, {} as never);
	const { paths } = await response.json<ApiDocument>();
	expect(Object.keys(paths)).toContain("/v1/events");
	expect(Object.keys(paths).join()).not.toMatch(/apps|subscriptions|hooks/);
});

test("a call about apps is rejected, by the binding, in the Worker's own code and by its objects", async () => {
	const Publisher = publisher(events);
	const ctx = Object.assign(createExecutionContext(), {
		props: { app: "@a/b" },
	});
	const binding = new Publisher(ctx as never, env);
	const { runLifecycle, enqueuePoll } = objectContext();
	for (const call of [
		() => binding.subscribe("@c/d", "e", "tool"),
		() => binding.unsubscribe("@c/d", "e"),
		() => binding.runTool("@a/b", "tool", null),
		() => events.apps.run("@a/b", "tool"),
		() => runLifecycle("@c/d/e", "start", "secret"),
		() => enqueuePoll("@c/d/e"),
	])
		expect(await refusalOf(call)).toEqual(MISSING);
});

test("mail is not lost: the sender's server gets an error and tries again", async () => {
	const mail = {
		from: "a@b.co",
		to: "c@d.co",
		rawSize: 2,
		headers: new Headers(),
		raw: new Response("hi").body,
		setReject: () => expect.unreachable(),
	};
	const receive = mailTo(events, "@a/b", "c");
	expect(await refusalOf(() => receive(mail as never))).toEqual(MISSING);
});

const issuer = { issuer: "https://auth.example", secret: "s".repeat(32) };

test.each<[string, () => unknown, string]>([
	[
		"an app",
		() => worker(createEvents({ apps: [createApp("@acme/mail", {})] })),
		`createEvents: apps: @acme/mail: worker() has no apps; ${REMEDY}`,
	],
	[
		"an issuer",
		() =>
			worker(createEvents(), { config: { issuers: { "@a/auth": issuer } } }),
		`tidings.config.ts: issuers: @a/auth: worker() has no apps; ${REMEDY}`,
	],
	[
		"a Worker of apps",
		() => {
			const subscribers = { mail: { binding: "MAIL", apps: [] } };
			worker(createEvents(), { config: { subscribers } as Config });
		},
		`tidings.config.ts: subscribers.mail.apps: worker() has no apps; ${REMEDY}`,
	],
	[
		"an app in the place of apps()",
		() => worker(createEvents(), { apps: [createApp("@a/b", {})] as never }),
		'worker: apps is not the result of apps(); import { apps } from "tidings/apps" and pass { apps: apps() }, and the apps themselves to createEvents({ apps })',
	],
])("a Worker without apps() does not start with %s", (_, start, message) => {
	expect(start).toThrow(message);
});
