/** Users' routes and webhooks over HTTP: a stranger costs nothing, and learns nothing. */
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppWorker } from "../../src/apps/app-ports.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { appPortsOf } from "../support/app-ports.ts";
import { installKeys, keyed } from "./keys.ts";
import { ada, call, tokenOf } from "./support.ts";
import worker, { behaviours, events, SECRET } from "./worker.ts";

beforeAll(installKeys);
beforeEach(() => behaviours.clear());

const expired = () =>
	new SignJWT({ account: {} })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("-1 hour")
		.sign(new TextEncoder().encode(SECRET));

/** Sends an endless body. Returns the answer, and the bytes that were read. */
async function endless(method: string, path: string, token?: string) {
	let read = 0;
	const chunk = new TextEncoder().encode("[".repeat(1_000));
	const body = new ReadableStream(
		{
			pull(controller) {
				read += chunk.length;
				controller.enqueue(chunk);
			},
		},
		{ highWaterMark: 0 },
	);
	const request = new Request(`https://events.example${path}`, {
		method,
		headers: {
			"content-type": "application/json",
			...(token && { authorization: `Bearer ${token}` }),
		},
		body,
	});
	const response = await worker.fetch(request as never, env, {} as never);
	return {
		status: response.status,
		code: (await response.json<{ code: string }>()).code,
		read,
	};
}

const USERS = [
	["POST", "/v1/subscriptions"],
	["DELETE", "/v1/subscriptions"],
	["POST", "/v1/apps/@test/lab/tools/one"],
] as const;

test.each(USERS)(
	"%s %s verifies the token before it reads the body",
	async (method, path) => {
		const [head, claims] = (await ada()).split(".");
		for (const token of [
			await expired(),
			`${head}.${claims}.`,
			`${head}.${claims}`,
			"a.b.c",
			"nothing-like-a-token",
		])
			expect(await endless(method, path, token), token).toEqual({
				status: 401,
				code: "invalid_token",
				read: 0,
			});
		expect(await endless(method, path)).toEqual({
			status: 401,
			code: "unauthorized",
			read: 0,
		});
	},
);

test.each(USERS)(
	"%s %s stops at the nesting of a user's body",
	async (method, path) => {
		const { status, read } = await endless(method, path, await ada());
		expect(status).toBe(422);
		expect(read).toBeLessThan(10_000);
	},
);

test("a webhook call is read only if its URL is known and open, and at most to its limit", async () => {
	for (const path of [
		"/hooks/@no/app/x/secret",
		"/hooks/@test/lab/nothing/secret",
		"/hooks/@test/lab/announced/wrong-secret",
	])
		expect(await endless("POST", path)).toEqual({
			status: 404,
			code: "not_found",
			read: 0,
		});
	const store = boundSubscriptions("@test/lab/announced");
	const secret = await store.webhookSecret();
	const path = `/hooks/@test/lab/announced/${secret}`;
	expect(await endless("POST", path)).toMatchObject({ status: 410, read: 0 });
	await store.subscribe({ app: "@test/lab", tool: "one", key: [] });
	const { status, read } = await endless("POST", path);
	expect(status).toBe(413);
	expect(read).toBeLessThan(270_000);
});

test("a stranger's token is answered without the issuers and their addresses", async () => {
	const answer = await call(
		"GET",
		"/v1/subscriptions?source=@test/lab&event=ticked",
		{
			token: await new SignJWT({})
				.setProtectedHeader({ alg: "HS256" })
				.setIssuer("https://evil.example")
				.setExpirationTime("1 hour")
				.sign(new TextEncoder().encode("x".repeat(32))),
		},
	);
	expect(answer.status).toBe(401);
	expect(await answer.text()).not.toMatch(/auth\.example|@my-org/);
});

test("an app's name works in a path as it is, and encoded by a client", async () => {
	behaviours.set("one", () => "done");
	for (const name of [
		"@test/lab",
		"%40test/lab",
		"@test%2Flab",
		encodeURIComponent("@test/lab"),
	]) {
		const tool = await call("POST", `/v1/apps/${name}/tools/one`, {
			token: await ada(),
		});
		expect(await tool.json(), name).toEqual({ output: "done" });
		const path = `/v1/apps/${name}/events/announced/webhook`;
		const response = await keyed("GET", path);
		expect(response.status, name).toBe(200);
		expect(response.headers.get("cache-control")).toBe("no-store");
		const { url } = await response.json<{ url: string }>();
		const hook = new URL(url).pathname.replace("@test/lab", name);
		const { status } = await call("GET", hook);
		expect([405, 410], name).toContain(status);
	}
});

test("a Worker that does not respond is not named to a webhook's caller", async () => {
	const log = vi.spyOn(console, "error").mockImplementation(() => {});
	const store = boundSubscriptions("@test/lab/announced");
	const secret = await store.webhookSecret();
	await store.subscribe({ app: "@test/lab", tool: "one", key: [] });
	const [lab] = appPortsOf(events).appWorkers as [AppWorker];
	const apps = vi.spyOn(lab, "apps").mockResolvedValue(undefined);
	const silent = await call("POST", `/hooks/@test/lab/announced/${secret}`);
	expect(silent.status).toBe(503);
	expect(await silent.json()).toMatchObject({
		detail: "the webhook cannot store the call now; try again",
	});
	const lines = log.mock.calls.map(([line]) => JSON.parse(line));
	expect(lines).toContainEqual(
		expect.objectContaining({
			tidings: "webhook_unavailable",
			name: "@test/lab/announced",
		}),
	);
	apps.mockRestore();
	log.mockRestore();
});

describe("a rate limit", () => {
	const bindings = env as unknown as Record<string, unknown>;

	/** Admits one request of each caller. Returns the callers that were counted. */
	async function limited(kind: string, act: () => Promise<void>) {
		const counted: string[] = [];
		const names = [`${kind.toUpperCase()}_RATE_LIMIT`, "TIDINGS_RATE_LIMITS"];
		bindings[names[0] as string] = {
			limit: async ({ key }: { key: string }) => ({
				success:
					counted.push(key) && counted.indexOf(key) === counted.length - 1,
			}),
		};
		bindings.TIDINGS_RATE_LIMITS = { [kind]: { limit: 1, period: 10 } };
		try {
			await act();
		} finally {
			for (const name of names) delete bindings[name];
		}
		return counted;
	}

	test("of a user counts the subject of the token, and no token that is not valid", async () => {
		const ofSubject = (sub: string, at: number) =>
			tokenOf({ accountId: "a1", email: "ada@example.com" }, { sub, iat: at });
		const ask = async (token: string) =>
			(await call("POST", "/v1/apps/@test/lab/tools/one", { token })).status;
		const counted = await limited("user", async () => {
			expect(await ask(await ofSubject("u1", 1))).toBe(200);
			expect(await ask(await ofSubject("u1", 2))).toBe(429);
			expect(await ask(await ofSubject("u2", 3))).toBe(200);
			expect(await ask(await expired())).toBe(401);
		});
		expect(counted).toEqual([
			"@my-org/auth u1",
			"@my-org/auth u1",
			"@my-org/auth u2",
		]);
	});

	test("of a webhook counts requests to its URL only, and rejects one before it is read", async () => {
		const store = boundSubscriptions("@test/lab/announced");
		await store.subscribe({ app: "@test/lab", tool: "one", key: [] });
		const path = `/hooks/@test/lab/announced/${await store.webhookSecret()}`;
		await limited("webhook", async () => {
			expect((await call("POST", `${path}x`, { body: "{}" })).status).toBe(404);
			expect((await call("POST", path, { body: "{}" })).status).toBe(202);
			expect(await endless("POST", path)).toEqual({
				status: 429,
				code: "rate_limited",
				read: 0,
			});
			const encoded = path.replace("@test/lab", "%40test%2Flab");
			expect((await call("POST", encoded, { body: "{}" })).status).toBe(429);
		});
	});
});

test("a user who needs a scope is told that a key has it", async () => {
	const path = "/v1/apps/@test/lab/events/ticked/webhook";
	const answer = await call("GET", path, { token: await ada() });
	expect(await answer.json()).toMatchObject({
		status: 403,
		detail:
			'a user does not have the scope "admin"; use an API key that has it',
	});
});
