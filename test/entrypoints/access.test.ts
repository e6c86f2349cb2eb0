/** Access over HTTP: who is admitted, how often, and how much of a request is read before. */
import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
import { newId } from "../../src/event/id.ts";
import { REQUEST_TOKENS } from "../../src/event/limits.ts";
import { portsOf } from "../../src/registration.ts";
import { call, installKeys, type KeyName, keyOf } from "../support/http.ts";
import { row } from "../support/shard.ts";
import own, { events } from "../support/worker.ts";

const T0 = Date.UTC(2027, 0, 1);

const bindings = env as unknown as Record<string, unknown>;

beforeAll(installKeys);
afterEach(() => vi.restoreAllMocks());

const problemOf = (status: number, code: string) => ({
	status,
	json: { status, code },
});

/** Sends an endless body. Returns the status, and the bytes that were read. */
async function endless(
	method: string,
	path: string,
	headers: Record<string, string>,
): Promise<{ status: number; read: number }> {
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
	const { status } = await own.fetch(
		new Request(`https://events.test${path}`, {
			method,
			headers: { "content-type": "application/json", ...headers },
			body,
		}) as never,
		env as never,
		createExecutionContext(),
	);
	return { status, read };
}

const ROUTES: [string, string, KeyName[]][] = [
	["POST", "/v1/events", ["none", "read"]],
	["PATCH", "/v1/scheduled/none", ["none", "read"]],
	["POST", "/v1/jobs", ["none", "read", "publish"]],
	["POST", "/v1/dead-letters/none/replay", ["none", "read", "publish"]],
	["POST", "/v1/subscriptions", ["none", "read", "publish"]],
	["DELETE", "/v1/subscriptions", ["none", "read", "publish"]],
	["POST", "/v1/apps/@a/b/tools/c", ["none", "read", "publish"]],
];

test.each(ROUTES)(
	"%s %s reads nothing of a caller who may not do it",
	async (method, path, keys) => {
		for (const key of ["", "Bearer tid_stranger_x", "Bearer a.b.c"])
			expect(
				await endless(method, path, { ...(key && { authorization: key }) }),
				key,
			).toEqual({ status: 401, read: 0 });
		for (const key of keys)
			expect(
				await endless(method, path, { authorization: `Bearer ${keyOf(key)}` }),
				key,
			).toEqual({ status: 403, read: 0 });
	},
);

test.each(ROUTES)(
	"%s %s stops at deep nesting, before the text is parsed",
	async (method, path) => {
		const { status, read } = await endless(method, path, {
			authorization: `Bearer ${keyOf("admin")}`,
		});
		expect(status).toBe(422);
		expect(read).toBeLessThan(10_000);
	},
);

test.each([
	["POST", "/v1/events", 11_000_000, "batch_too_large"],
	["PATCH", "/v1/scheduled/none", 65_536, "content_too_large"],
	["POST", "/v1/jobs", 65_536, "content_too_large"],
	["POST", "/v1/dead-letters/none/replay", 1_000_000, "content_too_large"],
	["POST", "/v1/subscriptions", 65_536, "content_too_large"],
	["DELETE", "/v1/subscriptions", 65_536, "content_too_large"],
	["POST", "/v1/apps/@a/b/tools/c", 262_144, "content_too_large"],
] as const)(
	"%s %s accepts at most %i bytes",
	async (method, path, most, code) => {
		const text = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;
		const { status } = await call(method, path, text(most));
		expect(status).not.toBe(413);
		expect(await call(method, path, text(most + 1))).toMatchObject(
			problemOf(413, code),
		);
	},
);

test("a request has at most 500 000 JSON tokens, and those in strings are not counted", async () => {
	const list = (commas: number) =>
		`{"name":"a.b","body":[${"1,".repeat(commas)}1]}`;
	expect(await call("POST", "/v1/events", list(REQUEST_TOKENS))).toMatchObject(
		problemOf(413, "batch_too_large"),
	);
	const text = `{"name":"a.b","body":"\\"${",[{:".repeat(60_000)}"}`;
	expect((await call("POST", "/v1/events", text)).status).toBe(202);
});

describe("a key with the scope publish", () => {
	test("neither cancels nor reschedules the scheduled events of apps, one with the scope admin does", async () => {
		const id = newId(T0, 1);
		const dueAt = Date.now() + 3_600_000;
		const name = "@my-org/email/new_email";
		await portsOf(events).scheduler.store([row(dueAt, { id, name })]);
		const path = `/v1/scheduled/${id}`;
		const key = "publish";
		expect(await call("DELETE", path, undefined, { key })).toMatchObject(
			problemOf(403, "forbidden"),
		);
		expect(
			await call("PATCH", path, { after: "2 hours" }, { key }),
		).toMatchObject(problemOf(403, "forbidden"));
		const binding = bindings.ANYBODY as {
			request(method: string, args: unknown[]): Promise<object>;
		};
		expect(await binding.request("cancel", [id])).toMatchObject({
			error: { code: "forbidden" },
		});
		expect(await binding.request("reschedule", [id, "2 hours"])).toMatchObject({
			error: { code: "forbidden" },
		});
		expect((await call("DELETE", path)).status).toBe(204);
	});
});

describe("the key for local development", () => {
	const key = "tid_local_for-development-on-this-machine-only-AAAAAA";
	const digest =
		"24ed60a4ed93c1b9ebe007ab57caac0ed6a05ccdbd470eebee62af6ff87335ff";
	const keys = JSON.stringify([{ id: "local", scopes: ["admin"], digest }]);
	const statusAt = async (url: string) => {
		const before = bindings.API_KEYS;
		bindings.API_KEYS = keys;
		try {
			const request = new Request(url, {
				headers: { authorization: `Bearer ${key}` },
			});
			const context = createExecutionContext();
			return (await own.fetch(request as never, env as never, context)).status;
		} finally {
			bindings.API_KEYS = before;
		}
	};

	test.each([
		["http://localhost:8787", 200],
		["http://127.0.0.1:8787", 200],
		["http://[::1]:8787", 200],
		["https://tidings.example.workers.dev", 401],
		["https://localhost.example", 401],
	])("at %s is answered with %i", async (origin, status) => {
		expect(await statusAt(`${origin}/v1/scheduled`)).toBe(status);
		expect(await statusAt(`${origin}/health`)).toBe(status);
	});

	test("is rejected in a deployed build, whatever the host", async () => {
		vi.stubEnv("NODE_ENV", "production");
		expect(await statusAt("http://localhost:8787/v1/scheduled")).toBe(401);
		vi.unstubAllEnvs();
	});
});

describe("API_KEYS in the Secrets Store", () => {
	test("admits its keys, and is read once a minute", async () => {
		const before = bindings.API_KEYS;
		const get = vi.fn(async () => before);
		const now = vi.spyOn(Date, "now").mockReturnValue(T0);
		try {
			bindings.API_KEYS = { get };
			for (let n = 0; n < 3; n++)
				expect((await call("GET", "/v1/scheduled")).status).toBe(200);
			expect(get).toHaveBeenCalledTimes(1);
			now.mockReturnValue(T0 + 60_000);
			expect((await call("GET", "/v1/scheduled")).status).toBe(200);
			expect(get).toHaveBeenCalledTimes(2);
		} finally {
			bindings.API_KEYS = before;
		}
	});
});

describe("a query", () => {
	test.each([
		"/v1/scheduled?limit=1&limit=2",
		"/v1/dead-letters?q=state:dead&q=state:resolved",
		"/v1/subscriptions?source=a&source=b&event=c",
		"/v1/dead-letters?q=cause:tired",
		"/v1/dead-letters?q=state:deceased",
		"/v1/scheduled?__proto__=1",
	])("%s is rejected", async (path) => {
		expect(await call("GET", path)).toMatchObject(
			problemOf(400, "invalid_request"),
		);
	});

	test.each([
		["POST", "/v1/jobs?q=cause:crashed"],
		["POST", "/v1/dead-letters/e1:first/replay?body=1"],
		["POST", "/v1/events?lane=bulk"],
		["PATCH", "/v1/scheduled/e1?after=1"],
		["POST", "/v1/subscriptions?app=a"],
		["DELETE", "/v1/subscriptions?id=1"],
		["POST", "/v1/apps/@a/b/tools/c?input=1"],
	])("of %s %s is rejected, never ignored", async (method, path) => {
		const body = { name: "order.placed" };
		const answer = await call(method, path, body);
		expect(answer).toMatchObject(problemOf(400, "invalid_request"));
		expect(answer.json.detail).toContain("a parameter of the query");
	});

	test("with an unknown cause is rejected in a job too, with those that exist", async () => {
		const { json } = await call("POST", "/v1/jobs", {
			action: "replay",
			q: "cause:tired",
		});
		expect(json.detail).toContain("exhausted, expired");
	});
});

describe("an id from the list of dead letters", () => {
	const deadLetter = (handler: string): NewDeadLetter => ({
		id: `e1:${handler}`,
		head: { id: "e1", name: "order.placed", time: T0, delay: 0 },
		body: "1",
		handler,
		cause: "exhausted",
		error: { name: "Error", message: "no" },
		attempts: 1,
		firstFailureAt: T0,
		lastFailureAt: T0,
	});

	test.each(["mail/send", "mail/a/b", "mail/replay", "a*:b c"])(
		"with the handler %s works in a path, with its slashes unchanged or encoded",
		async (handler) => {
			await portsOf(events).deadLetters.store([deadLetter(handler)]);
			const { json } = await call("GET", "/v1/dead-letters?limit=1000");
			const { id } = json.deadLetters.find(
				(one: NewDeadLetter) => one.handler === handler,
			);
			for (const [index, path] of [id, encodeURIComponent(id)].entries()) {
				const of = `/v1/dead-letters/${path}`;
				expect((await call("GET", of)).json).toMatchObject({ id });
				const replayed = await call("POST", `${of}/replay`, { again: true });
				expect(replayed.json).toEqual({
					id,
					replay: index + 1,
					state: "replaying",
				});
			}
			expect((await call("DELETE", `/v1/dead-letters/${id}`)).status).toBe(204);
		},
	);
});

test("an answer is never stored by a cache, and shows little of a request", async () => {
	const long = "x".repeat(7_000);
	for (const [method, path, body] of [
		["GET", "/v1/scheduled"],
		["GET", `/v1/${long}`],
		["GET", `/v1/dead-letters/${long}`],
		["DELETE", `/v1/scheduled/${long}`],
		["PUT", `/v1/scheduled/${long}`],
		["POST", "/v1/events", { name: "a.b", lane: long }],
		["POST", "/v1/events", { name: "a.b", [long]: 1 }],
		["POST", "/v1/events", { name: "a.b", after: long }],
		["POST", "/v1/events", { name: long }],
		["POST", "/v1/jobs", { [long]: 1 }],
		["POST", "/v1/jobs", { action: long }],
		["POST", "/v1/jobs", { action: "replay", q: `x:${long}` }],
		["POST", "/v1/subscriptions", { [long]: 1 }],
		[
			"POST",
			"/v1/subscriptions",
			{ app: long, source: long, event: long, tool: long },
		],
		["GET", `/v1/subscriptions?source=${long}&event=${long}`],
		["POST", `/v1/apps/${long}/tools/${long}`],
		["GET", `/v1/apps/${long}/events/${long}/webhook`],
	] as const) {
		const { headers, json } = await call(method, path, body);
		expect(headers.get("cache-control"), path).toBe("no-store");
		expect(JSON.stringify(json).length, path).toBeLessThan(1_000);
	}
	const { json } = await call("POST", "/v1/events", "1", {
		"content-type": long,
	});
	expect(JSON.stringify(json).length).toBeLessThan(1_000);
});

test("a body with many issues is answered with a hundred of them", async () => {
	vi.spyOn(portsOf(events), "definitionOf").mockReturnValue({
		name: "a.b",
		schema: {
			"~standard": {
				version: 1,
				vendor: "test",
				validate: () => ({
					issues: Array(20_000).fill({
						message: "m".repeat(5_000),
						path: ["p".repeat(5_000)],
					}),
				}),
			},
		},
	} as never);
	const { status, json } = await call("POST", "/v1/events", { name: "a.b" });
	expect(status).toBe(422);
	expect(json.issues).toHaveLength(100);
	expect(JSON.stringify(json).length).toBeLessThan(250_000);
});

describe("a rate limit", () => {
	const limit = { limit: 3, period: 60 };
	const clear = () => {
		for (const kind of ["KEY", "USER", "WEBHOOK", "ADDRESS"])
			delete bindings[`${kind}_RATE_LIMIT`];
		delete bindings.TIDINGS_RATE_LIMITS;
	};
	const bind = (kind: string, limiter = bindings.TEST_RATE_LIMIT) => {
		bindings[`${kind.toUpperCase()}_RATE_LIMIT`] = limiter;
		bindings.TIDINGS_RATE_LIMITS = { [kind]: limit };
	};
	beforeEach(clear);
	afterEach(clear);

	const statuses = async (
		count: number,
		headers: Parameters<typeof call>[3],
		path = "/v1/handlers",
	) => {
		const answers = [];
		for (let n = 0; n < count; n++)
			answers.push(await call("GET", path, undefined, headers));
		return answers.map(({ status }) => status);
	};

	test("of a key rejects its further requests with 429, and those of no other key", async () => {
		bind("key");
		expect(await statuses(4, { key: "read" })).toEqual([200, 200, 200, 429]);
		expect(await statuses(1, { key: "read" }, "/health")).toEqual([429]);
		expect(await statuses(1, { key: "admin" })).toEqual([200]);
		const { headers, json } = await call("GET", "/v1/handlers", undefined, {
			key: "read",
		});
		expect(json).toMatchObject({ status: 429, code: "rate_limited" });
		expect(headers.get("retry-after")).toBe("60");
		expect(headers.get("ratelimit-policy")).toBe('"key";q=3;w=60');
	});

	test("of an address counts all its requests, with a valid key or without", async () => {
		bind("address");
		const from = (address: string) => ({ "cf-connecting-ip": address });
		for (const key of ["", "read", ""] as const)
			await statuses(1, { key, ...from("192.0.2.1") });
		for (const path of ["/v1/handlers", "/health", "/hooks/@a/b/c/d"])
			expect(await statuses(1, from("192.0.2.1"), path), path).toEqual([429]);
		expect(await statuses(1, from("192.0.2.2"))).toEqual([200]);
	});

	test("of an IPv6 address counts its network of 64 bits", async () => {
		bind("address");
		const from = (address: string) =>
			statuses(1, { "cf-connecting-ip": address });
		for (const address of [
			"2001:db8:0:1::1",
			"2001:db8:0:1:2:3:4:5",
			"2001:db8:0:1:ffff::",
		])
			expect(await from(address)).toEqual([200]);
		expect(await from("2001:db8:0:1::9")).toEqual([429]);
		expect(await from("2001:db8:0:2::9")).toEqual([200]);
		expect(await from("2001:db8::9")).toEqual([200]);
	});

	test("that fails rejects no request, and the log says so", async () => {
		const log = vi.spyOn(console, "error").mockImplementation(() => {});
		bind("key", {
			limit: async () => {
				throw new Error("down");
			},
		});
		expect(await statuses(2, { key: "read" })).toEqual([200, 200]);
		expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({
			tidings: "rate_limit_failed",
			kind: "key",
		});
	});
});

test("/health and the log report a queue that TIDINGS_QUEUES does not name", async () => {
	const log = vi.spyOn(console, "error").mockImplementation(() => {});
	const body = JSON.stringify({ v: 1, id: newId(T0, 1), name: "a.b", body: 1 });
	const batch = createMessageBatch("misnamed-events", [
		{ id: "m1", timestamp: new Date(), attempts: 1, body },
	]);
	await own.queue(batch as never, env as never, createExecutionContext());
	expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({
		tidings: "queue_unclaimed",
		queue: "misnamed-events",
	});
	const later = Date.now() + 60_000;
	vi.spyOn(Date, "now").mockReturnValue(later);
	expect(await call("GET", "/health", undefined, { key: "" })).toMatchObject({
		status: 503,
		json: { status: "failing" },
	});
	expect((await call("GET", "/health")).json.problems).toContainEqual({
		code: "queue_unclaimed",
		detail: expect.stringContaining('"misnamed-events"'),
	});
});
