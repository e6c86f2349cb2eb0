import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { worker } from "tidings/worker";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createApp } from "../../src/entrypoints/http/app.ts";
import type { ApiDocument } from "../../src/entrypoints/http/openapi/document.ts";
import { openapiPage } from "../../src/entrypoints/http/openapi/page.ts";
import { UnavailableError } from "../../src/index.ts";
import { portsOf } from "../../src/registration.ts";
import { call, installKeys, type KeyName, keyOf } from "../support/http.ts";
import { events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => vi.restoreAllMocks());

const event = { name: "order.placed", body: { n: 1 } };
const problemOf = (status: number, code: string) => ({
	status,
	json: { status, code, type: "about:blank" },
});

describe("publishing", () => {
	test("one event results in 202 and its receipt", async () => {
		const { status, json } = await call("POST", "/v1/events", event, {
			key: "publish",
		});
		expect(status).toBe(202);
		expect(json).toEqual({
			id: expect.any(String),
			time: expect.any(Number),
			delay: 0,
		});
	});

	test("an array results in receipts in order", async () => {
		const batch = [
			event,
			{ ...event, after: "1 hour" },
			{ name: "nobody.cares" },
		];
		const { status, json } = await call("POST", "/v1/events", batch, {
			key: "publish",
		});
		expect(status).toBe(202);
		expect(json.receipts.map(({ delay }: { delay: number }) => delay)).toEqual([
			0, 3_600_000, 0,
		]);
	});

	test("an absent body is null", async () => {
		expect(
			(await call("POST", "/v1/events", { name: "nobody.cares" })).status,
		).toBe(202);
	});

	test.each([
		["JSON that does not parse", 400, "invalid_json", "{", {}],
		["no JSON at all", 400, "invalid_json", "", {}],
		[
			"another media type",
			415,
			"unsupported_media_type",
			"name=x",
			{ "content-type": "application/x-www-form-urlencoded" },
		],
		["a number", 400, "invalid_request", 7, {}],
		["a missing name", 400, "invalid_request", { body: 1 }, {}],
		["a name that is no text", 422, "invalid_name", { name: 7 }, {}],
		["an unknown key", 400, "invalid_request", { ...event, afer: 5 }, {}],
		[
			"an unreadable after",
			422,
			"invalid_after",
			{ ...event, after: "soon" },
			{},
		],
		[
			"a body that breaks its schema",
			422,
			"schema_violation",
			{ name: "user.joined", body: {} },
			{},
		],
		[
			"an event of 256 KB",
			413,
			"event_too_large",
			{ ...event, body: "x".repeat(262_144) },
			{},
		],
		["an id", 501, "not_supported", { ...event, id: "mine" }, {}],
		[
			"an empty idempotencyKey",
			400,
			"invalid_request",
			{ ...event, idempotencyKey: "" },
			{},
		],
		[
			"an Idempotency-Key header for several events",
			400,
			"invalid_request",
			[event, event],
			{ "idempotency-key": "k" },
		],
	] as const)(
		"%s is answered with %i %s",
		async (_, status, code, body, headers) => {
			const answer = await call(
				"POST",
				"/v1/events",
				body,
				headers as Record<string, string>,
			);
			expect(answer).toMatchObject(problemOf(status, code));
			expect(answer.headers.get("content-type")).toBe(
				"application/problem+json",
			);
			expect(answer.json.detail).not.toBe("");
		},
	);

	test.each(["read", "none"] as const)(
		"a key with the scope %s gets 403 for any content, because it may publish nothing",
		async (key) => {
			for (const content of [event, [event], [], {}, [7], { afer: 1 }, "{"])
				expect(
					await call("POST", "/v1/events", content, { key }),
				).toMatchObject(problemOf(403, "forbidden"));
		},
	);

	test("a body of 990 levels is published and scheduled, a deeper one is rejected, and lists survive it", async () => {
		const nested = (depth: number) =>
			`{"name":"quiet.deep","after":"1 hour","body":${"[".repeat(depth)}${"]".repeat(depth)}}`;
		const { status, json } = await call("POST", "/v1/events", nested(990));
		expect(status).toBe(202);
		for (const depth of [991, 998, 999, 1_000, 100_000])
			expect(await call("POST", "/v1/events", nested(depth))).toMatchObject(
				problemOf(422, "invalid_body"),
			);
		const { scheduled } = (await call("GET", "/v1/scheduled?limit=1000")).json;
		expect(scheduled).toContainEqual({
			...json,
			name: "quiet.deep",
			dueAt: json.time + json.delay,
		});
		await call("DELETE", `/v1/scheduled/${json.id}`);
	});

	test("a request over 11 MB is rejected before its end", async () => {
		const answer = await call(
			"POST",
			"/v1/events",
			`"${"x".repeat(11_000_001)}"`,
		);
		expect(answer).toMatchObject(problemOf(413, "batch_too_large"));
	});

	test("a queue failure within a batch is 503, with the receipts and the failed indexes", async () => {
		// So that nothing is waited for between two tries.
		vi.spyOn(Math, "random").mockReturnValue(0);
		const queue = (env as unknown as { EVENTS_QUEUE: Queue }).EVENTS_QUEUE;
		vi.spyOn(queue, "sendBatch").mockImplementation(async (messages) => {
			const [first] = [...messages];
			if (String(first?.body).includes('"body":100}'))
				throw new Error("Queue is overloaded");
			return undefined as never;
		});
		const batch = Array.from({ length: 250 }, (_, body) => ({
			name: "nobody.cares",
			body,
		}));
		const { status, headers, json } = await call("POST", "/v1/events", batch);
		expect({ status, code: json.code }).toEqual({
			status: 503,
			code: "partial_publish",
		});
		expect(headers.get("retry-after")).toBe("1");
		expect(json.failed).toEqual(
			Array.from({ length: 100 }, (_, index) => index + 100),
		);
		expect(json.receipts).toHaveLength(250);
		expect(
			json.receipts.filter((receipt: unknown) => receipt === null),
		).toHaveLength(100);
	});

	test("bytes that are not UTF-8 are rejected, not replaced", async () => {
		const bytes = new Uint8Array([
			...new TextEncoder().encode('{"name":"a.b","body":"'),
			0xff,
			0xfe,
			0x22,
			0x7d,
		]);
		const { default: worker } = exports as unknown as { default: Fetcher };
		const response = await worker.fetch("https://events.test/v1/events", {
			method: "POST",
			headers: {
				authorization: `Bearer ${keyOf("admin")}`,
				"content-type": "application/json",
			},
			body: bytes,
		});
		expect(response.status).toBe(400);
		expect(await response.json()).toMatchObject({ code: "invalid_json" });
	});

	test("a queue outage is 503", async () => {
		vi.spyOn(Math, "random").mockReturnValue(0);
		const queue = (env as unknown as { EVENTS_QUEUE: Queue }).EVENTS_QUEUE;
		vi.spyOn(queue, "send").mockRejectedValue(new Error("Queue is overloaded"));
		const answer = await call("POST", "/v1/events", event);
		expect(answer).toMatchObject(problemOf(503, "unavailable"));
		expect(answer.headers.get("retry-after")).toBe("1");
		expect(queue.send).toHaveBeenCalledTimes(4);
	});

	test("a short queue outage is retried, and the caller does not notice it", async () => {
		vi.spyOn(Math, "random").mockReturnValue(0);
		const queue = (env as unknown as { EVENTS_QUEUE: Queue }).EVENTS_QUEUE;
		const send = vi.spyOn(queue, "send");
		send.mockRejectedValueOnce(new Error("Too Many Requests"));
		const { status, json } = await call("POST", "/v1/events", event);
		expect(status).toBe(202);
		const ids = send.mock.calls.map(
			([record]) => JSON.parse(record as string).id,
		);
		expect(ids).toEqual([json.id, json.id]);
	});
});

describe("authentication and scopes", () => {
	test.each([
		["no key", {}],
		["an empty key", { authorization: "Bearer " }],
		["an unknown key", { authorization: "Bearer tid_stranger_secret" }],
		[
			"a right id with a wrong secret",
			{ authorization: `Bearer ${keyOf("admin")}x` },
		],
		[
			"another id's secret",
			{
				authorization: `Bearer ${keyOf("admin").replace("tid_admin", "tid_read")}`,
			},
		],
		["another scheme", { authorization: `Basic ${keyOf("admin")}` }],
	] as Record<string, string>[][])(
		"a request with %s gets 401 on every path under /v1",
		async (_, headers) => {
			for (const [method, path] of [
				["POST", "/v1/events"],
				["GET", "/v1/scheduled"],
				["GET", "/v1/dead-letters"],
				["GET", "/v1/handlers"],
				["GET", "/v1/no-such-route"],
			] as const) {
				const answer = await call(
					method,
					path,
					method === "POST" ? event : undefined,
					{ key: "", ...headers },
				);
				expect(answer).toMatchObject(problemOf(401, "unauthorized"));
				expect(answer.headers.get("www-authenticate")).toBe("Bearer");
			}
		},
	);

	test.each([undefined, "", "not json", "[{}]", '{"id":"admin"}'])(
		"with API_KEYS set to %j every request gets 401",
		async (secret) => {
			const keys = (env as { API_KEYS?: string }).API_KEYS as string;
			try {
				(env as { API_KEYS?: string | undefined }).API_KEYS = secret;
				expect((await call("GET", "/v1/handlers")).status).toBe(401);
			} finally {
				(env as { API_KEYS?: string }).API_KEYS = keys;
			}
		},
	);

	const routes: [string, string, unknown, KeyName[]][] = [
		["POST", "/v1/events", event, ["admin", "publish", "orders"]],
		["POST", "/v1/events", { name: "user.left" }, ["admin", "publish"]],
		[
			"POST",
			"/v1/events",
			[event, { name: "orders.placed" }],
			["admin", "publish"],
		],
		["GET", "/v1/scheduled", undefined, ["admin", "read"]],
		["DELETE", "/v1/scheduled/none", undefined, ["admin", "publish", "orders"]],
		[
			"PATCH",
			"/v1/scheduled/none",
			{ after: 5 },
			["admin", "publish", "orders"],
		],
		["GET", "/v1/dead-letters", undefined, ["admin", "read"]],
		["GET", "/v1/dead-letters/none", undefined, ["admin", "read"]],
		["DELETE", "/v1/dead-letters/none", undefined, ["admin"]],
		["POST", "/v1/dead-letters/none/replay", {}, ["admin"]],
		["POST", "/v1/jobs", { action: "replay", q: "id:none" }, ["admin"]],
		["GET", "/v1/handlers", undefined, ["admin", "read"]],
	];
	test.each(routes)(
		"%s %s with %j is allowed only for %j, other scopes get 403",
		async (method, path, body, allowed) => {
			for (const key of [
				"admin",
				"read",
				"publish",
				"orders",
				"none",
			] as const) {
				const { status } = await call(method, path, body, { key });
				if (allowed.includes(key))
					expect([200, 202, 404], `${key}: ${status}`).toContain(status);
				else expect(status, key).toBe(403);
			}
		},
	);

	test("a key with publish:order.** cancels and reschedules only such events", async () => {
		const mine = await events.publish("order.placed", { after: "1 hour" }, 1);
		const other = await events.publish("user.left", { after: "1 hour" }, 1);
		const path = (id: string) => `/v1/scheduled/${id}`;
		const orders = { key: "orders" } as const;
		expect(
			await call("PATCH", path(other.id), { after: "2 hours" }, orders),
		).toMatchObject(problemOf(403, "forbidden"));
		expect(
			await call("DELETE", path(other.id), undefined, orders),
		).toMatchObject(problemOf(403, "forbidden"));
		expect(
			await call("PATCH", path(mine.id), { after: "2 hours" }, orders),
		).toMatchObject({ status: 200, json: { id: mine.id, time: mine.time } });
		expect(
			await call("DELETE", path(mine.id), undefined, orders),
		).toMatchObject({ status: 204 });
		expect(
			await call("DELETE", path(mine.id), undefined, orders),
		).toMatchObject(problemOf(404, "not_found"));
		expect(await events.cancel(other.id)).toBe(true);
	});
});

describe("the other routes", () => {
	test("scheduled events are listed by due time, in pages, until they are cancelled", async () => {
		const made = [];
		for (const hours of [30, 10, 20])
			made.push(
				await events.publish("list.me", { after: `${hours} hours` }, hours),
			);
		const byDue = [made[1], made[2], made[0]].map((receipt) => receipt?.id);
		const listed: string[] = [];
		let cursor = "";
		do {
			const { json } = await call(
				"GET",
				`/v1/scheduled?limit=1${cursor && `&cursor=${cursor}`}`,
			);
			listed.push(
				...json.scheduled
					.filter(({ name }: { name: string }) => name === "list.me")
					.map(({ id }: { id: string }) => id),
			);
			cursor = json.cursor ?? "";
		} while (cursor);
		expect(listed).toEqual(byDue);
		for (const { id } of made)
			expect((await call("DELETE", `/v1/scheduled/${id}`)).status).toBe(204);
	});

	test.each(["limit=0", "limit=x", "limit=1001", "cursor=%20", "no=such"])(
		"a list with ?%s is rejected",
		async (query) => {
			for (const path of ["/v1/scheduled", "/v1/dead-letters"])
				expect(await call("GET", `${path}?${query}`)).toMatchObject(
					problemOf(400, "invalid_request"),
				);
		},
	);

	test("handlers are listed with patterns, timeout and policy", async () => {
		const { json } = await call("GET", "/v1/handlers", undefined, {
			key: "read",
		});
		expect(json.handlers).toContainEqual({
			id: "slow",
			patterns: ["slow.one"],
			timeout: 50,
			retries: {
				limit: 0,
				maxAge: null,
				backoff: "exponential",
				base: 5_000,
				max: 3_600_000,
				jitter: true,
			},
			sources: { patterns: "handler", timeout: "handler", retries: "handler" },
		});
	});

	test("/health has no figures without a key, and figures with the scope read", async () => {
		expect(await call("GET", "/health", undefined, { key: "" })).toMatchObject({
			status: 200,
			json: { status: "ok" },
		});
		expect((await call("GET", "/health", undefined, { key: "" })).json).toEqual(
			{ status: "ok" },
		);
		const { json } = await call("GET", "/health", undefined, { key: "read" });
		expect(Object.keys(json.queues)).toEqual([
			"events",
			"retries",
			"deadLetters",
		]);
		expect(json.queues.events).toEqual({
			backlogCount: expect.any(Number),
			backlogBytes: expect.any(Number),
			oldestMessageAt: expect.toSatisfy((at) => at === null || at > 0),
			lag: expect.any(Number),
		});
		expect(json).toMatchObject({
			problems: [],
			scheduler: { lag: expect.any(Number), scheduled: expect.any(Number) },
			deadLetters: { dead: expect.any(Number), resolved: expect.any(Number) },
		});
		expect(
			(await call("GET", "/health", undefined, { key: "publish" })).status,
		).toBe(403);
	});

	test("/health is 503 once the oldest message has waited for half of the retention", async () => {
		const queue = (env as unknown as { RETRIES_QUEUE: Queue }).RETRIES_QUEUE;
		const metrics = vi.spyOn(queue, "metrics");
		const now = vi.spyOn(Date, "now");
		const week = 7 * 86_400_000;
		for (const [waited, isLate] of [
			[week - 60_000, false],
			[week + 60_000, true],
		] as const) {
			// Each a minute later than the last, for an answer serves for some seconds.
			const at =
				performance.timeOrigin +
				performance.now() +
				6_000 * (1 + Number(isLate));
			now.mockReturnValue(at);
			metrics.mockResolvedValue({
				backlogCount: 1,
				backlogBytes: 10,
				oldestMessageTimestamp: new Date(at - waited),
			});
			const { status, json } = await call("GET", "/health");
			const codes = json.problems.map(({ code }: { code: string }) => code);
			expect({ status, codes }).toEqual(
				isLate
					? { status: 503, codes: ["queue_late"] }
					: { status: 200, codes: [] },
			);
		}
	});

	test("/health names the store that does not answer, and has the figures of the others", async () => {
		const queue = (env as unknown as { RETRIES_QUEUE: Queue }).RETRIES_QUEUE;
		vi.spyOn(queue, "metrics").mockRejectedValue(new Error("down"));
		vi.spyOn(Date, "now").mockReturnValue(Date.now() + 10 ** 9);
		const { status, json } = await call("GET", "/health");
		expect({ status, json }).toMatchObject({
			status: 503,
			json: { status: "failing", queues: { events: {} } },
		});
		expect(json.problems).toContainEqual({
			code: "store_unavailable",
			detail: expect.stringContaining("queue retries did not answer"),
		});
	});

	test("an outage of any store is 503", async () => {
		const { scheduler } = portsOf(events);
		vi.spyOn(scheduler, "cancel").mockRejectedValue(
			new UnavailableError("down"),
		);
		expect(await call("DELETE", "/v1/scheduled/any")).toMatchObject(
			problemOf(503, "unavailable"),
		);
	});

	test("an Idempotency-Key is rejected where it has no meaning, never ignored", async () => {
		for (const [method, path, body] of [
			["PATCH", "/v1/scheduled/any", { after: 5 }],
			["POST", "/v1/dead-letters/any/replay", {}],
		] as const)
			expect(
				await call(method, path, body, { "idempotency-key": "k" }),
			).toMatchObject(problemOf(501, "not_supported"));
	});

	test("an unknown route is 404, a wrong method 405 with the allowed methods", async () => {
		expect(await call("GET", "/v1/nothing")).toMatchObject(
			problemOf(404, "route_not_found"),
		);
		const answer = await call("PUT", "/v1/events", event);
		expect(answer).toMatchObject(problemOf(405, "method_not_allowed"));
		expect(answer.headers.get("allow")).toBe("POST, GET");
	});

	test("an unknown id is 404", async () => {
		const id = "01a1fc58-179d-7042-a27b-c7a89af9ee02";
		for (const [method, path, body] of [
			["DELETE", `/v1/scheduled/${id}`],
			["PATCH", `/v1/scheduled/${id}`, { after: 5 }],
			["GET", `/v1/dead-letters/${id}:first`],
			["DELETE", `/v1/dead-letters/${id}:first`],
			["POST", `/v1/dead-letters/${id}:first/replay`],
		] as const)
			expect(await call(method, path, body)).toMatchObject(
				problemOf(404, "not_found"),
			);
	});

	test("a path of the user's that begins like ours reaches the user's own fetch", async () => {
		for (const path of ["/", "/v1x", "/healthy", "/orders"])
			expect((await call("GET", path, undefined, { key: "" })).json).toBe(
				"the user's own",
			);
	});
});

test("the description and its page are open, and name the prefix of the paths", async () => {
	const app = createApp(portsOf(events), {
		prefix: "/events",
		retention: 1,
		page: openapiPage,
	});
	const ask = (path: string) =>
		app.fetch(new Request(`https://events.test${path}`));
	const document = await (
		await ask("/events/openapi.json")
	).json<ApiDocument>();
	expect(document).toMatchObject({ servers: [{ url: "/events" }] });
	expect(document.paths).toHaveProperty(["/v1/dead-letters/{id}/replay"]);
	const response = await ask("/events/openapi");
	const page = await response.text();
	for (const [path, methods] of Object.entries(document.paths))
		for (const method of Object.keys(methods))
			expect(page).toContain(`${method.toUpperCase()} /events${path}<`);
	const [, style = ""] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
	const bytes = new TextEncoder().encode(style);
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	const hash = btoa(String.fromCharCode(...digest));
	expect(response.headers.get("content-security-policy")).toBe(
		`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
	);
	expect(page).not.toMatch(/<script|https?:\/\//);
	expect(
		(await createApp(portsOf(events), { retention: 1 }).request("/openapi"))
			.status,
	).toBe(404);
	expect((await ask("/openapi.json")).status).toBe(404);
});

test("next to the user's own fetch, the description is ours only after a prefix", async () => {
	const fetch = () => new Response("the user's own");
	for (const [prefix, expected] of [
		["", "the user's own"],
		["/events", '{"openapi":"3.1.0"'],
	] as const) {
		const { fetch: served } = worker(events, { fetch, prefix });
		const response = await served(
			new Request(`https://events.test${prefix}/openapi.json`) as never,
			env as never,
			createExecutionContext(),
		);
		expect((await response.text()).slice(0, expected.length)).toBe(expected);
	}
});
