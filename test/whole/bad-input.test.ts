/** Every entry point rejects bad input with the same error: what was given, what is allowed, what to do. */
import { env } from "cloudflare:workers";
import dayjs from "dayjs";
import { beforeAll, describe, expect, test } from "vitest";
import { createClient, type PublisherBinding } from "../../src/client.ts";
import { createEvents, type RefusedError } from "../../src/index.ts";
import { worker } from "../../src/worker.ts";
import { call, installKeys, keyOf } from "../support/http.ts";
import { events, transitions } from "../support/worker.ts";

const binding = (env as unknown as { ANYBODY: PublisherBinding }).ANYBODY;

beforeAll(installKeys);

/** Every way to call `publish`. */
const entryPoints: Record<string, (...args: unknown[]) => Promise<unknown>> = {
	"the library": (...args) => events.publish(...(args as [string])),
	"the raw binding": async (...args) => await binding.publish(...args),
	"a client over the binding": (...args) =>
		createClient(binding).publish(...(args as [string])),
	"a client over HTTP": (...args) =>
		createClient({
			url: "https://events.test",
			key: keyOf("publish"),
			fetch: async (request) => {
				const { exports } = await import("cloudflare:workers");
				return (exports as unknown as { default: Fetcher }).default.fetch(
					request,
				);
			},
		}).publish(...(args as [string])),
};

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const joined = { userId: "u1", email: "a@b.co" };
const inAYear = dayjs.utc().add(1, "year").valueOf();
const after = (value: unknown) => ["order.placed", { after: value }, 1];

const rejected: [title: string, code: string, says: RegExp, args: unknown[]][] =
	[
		[
			"a name with a space",
			"invalid_name",
			/"order placed".*segments/,
			["order placed", 1],
		],
		["an empty name", "invalid_name", /""/, ["", 1]],
		["a name of 129 characters", "invalid_name", /128/, ["x".repeat(129), 1]],
		["a name that is a number", "invalid_name", /number/, [7, 1]],
		[
			"a pattern as a name",
			"invalid_name",
			/"order\.\*" is a pattern/,
			["order.*", 1],
		],
		[
			"an undefined body",
			"invalid_body",
			/undefined.*null/,
			["order.placed", undefined],
		],
		[
			"a function as a body",
			"invalid_body",
			/function/,
			["order.placed", () => 1],
		],
		[
			"a BigInt in a body",
			"invalid_body",
			/BigInt/i,
			["order.placed", { n: 1n }],
		],
		["a cycle in a body", "invalid_body", /circular/i, ["order.placed", cycle]],
		[
			"a number that is not finite in a body",
			"invalid_body",
			/body\.order\.0\.total: .*Infinity/,
			["order.placed", { order: [{ total: Number.POSITIVE_INFINITY }] }],
		],
		[
			"a Map in a body",
			"invalid_body",
			/body\.order: .*a Map/,
			["order.placed", { order: new Map([["sku", "s1"]]) }],
		],
		[
			"a Response as a body",
			"invalid_body",
			/a Response/,
			["order.placed", new Response("text")],
		],
		[
			"an Error as a body",
			"invalid_body",
			/an Error/,
			["order.placed", new Error("why")],
		],
		[
			"a function in a body",
			"invalid_body",
			/body\.order\.0\.total: .*function/,
			["order.placed", { order: [{ total: () => 5 }] }],
		],
		[
			"an event of 256 KB",
			"event_too_large",
			/262144/,
			["order.placed", "x".repeat(262_144)],
		],
		[
			"a body that breaks its schema",
			"schema_violation",
			/email/,
			["user.joined", { userId: "u1", email: "no" }],
		],
		["after 0", "invalid_after", /0 is not in the future/, after(0)],
		["a negative after", "invalid_after", /-5/, after(-5)],
		[
			"an after in the past",
			"invalid_after",
			/not in the future/,
			after("2020-01-01T00:00:00Z"),
		],
		[
			"an after past one year",
			"invalid_after",
			/more than one year ahead/,
			after(inAYear + 60_000),
		],
		[
			"an after of 13 months",
			"invalid_after",
			/more than one year ahead/,
			after("13 months"),
		],
		[
			"an unknown unit",
			"invalid_after",
			/"5 fortnights".*unknown unit.*seconds/,
			after("5 fortnights"),
		],
		[
			"a fraction of a month",
			"invalid_after",
			/1\.5 months/,
			after("1.5 months"),
		],
		[
			"a day that does not exist",
			"invalid_after",
			/2027-02-30/,
			after("2027-02-30T00:00:00Z"),
		],
		["a bare number as text", "invalid_after", /"5000"/, after("5000")],
		["a null after", "invalid_after", /null/, after(null)],
		[
			"an unknown key",
			"invalid_request",
			/"afer"/,
			["order.placed", { afer: 5 }, 1],
		],
		["an id", "not_supported", /id/, ["order.placed", { id: "mine" }, 1]],
	];

for (const [name, publish] of Object.entries(entryPoints))
	describe(`through ${name}`, () => {
		test.each(rejected)("%s is rejected", async (_, code, says, args) => {
			const before = transitions.length;
			const error = (await publish(...args).then(
				() => undefined,
				(thrown) => thrown,
			)) as RefusedError | undefined;
			expect(error).toMatchObject({
				code,
				message: expect.stringMatching(says),
			});
			expect(transitions).toHaveLength(before);
		});

		test("a schema violation names the paths of its issues", async () => {
			await expect(
				publish("user.joined", { userId: 1, email: "no" }),
			).rejects.toMatchObject({
				issues: [{ path: "userId" }, { path: "email" }],
			});
		});
	});

test("a number over HTTP that JavaScript cannot represent is rejected", async () => {
	const before = transitions.length;
	const content = '{ "name": "order.placed", "body": { "total": 1e400 } }';
	expect(await call("POST", "/v1/events", content)).toMatchObject({
		status: 422,
		json: {
			code: "invalid_body",
			detail: expect.stringMatching(/body\.total/),
		},
	});
	expect(transitions).toHaveLength(before);
});

test("a promise in a body is rejected, with a hint at await", async () => {
	const { "the raw binding": _, ...typed } = entryPoints;
	for (const publish of Object.values(typed))
		await expect(
			publish("order.placed", Promise.resolve({ orderId: "o1" })),
		).rejects.toMatchObject({
			code: "invalid_body",
			message: expect.stringContaining("await"),
		});
});

/** The raw binding cannot transfer such an object at all. */
const { "the raw binding": _, ...typed } = entryPoints;

test.each(Object.entries(typed))(
	"a dayjs object is rejected through %s, with a hint at toDate()",
	async (_, publish) => {
		await expect(
			publish("order.placed", { after: dayjs() }, 1),
		).rejects.toMatchObject({
			code: "invalid_after",
			message: expect.stringContaining(".toDate()"),
		});
	},
);

test("a client rejects an invalid time of reschedule before it sends anything", async () => {
	const client = createClient(binding);
	for (const after of [dayjs(), 1n, null, undefined, Number.NaN])
		await expect(
			client.reschedule("any", after as never),
		).rejects.toMatchObject({ code: "invalid_after" });
});

test.each([
	[undefined, /\[\[services\]\]/],
	[{ uri: "https://events.test" }, /\[\[services\]\]/],
	[{ url: "localhost:8787", key: "k" }, /http:\/\//],
	[{ url: "https://events.test" }, /key is missing/],
])(
	"createClient(%j) fails at once, and its error names what is missing",
	(target, says) => {
		expect(() => createClient(target as never)).toThrow(says);
	},
);

describe("a batch with one bad event", () => {
	const items = [
		{ name: "order.placed", body: 1 },
		{ name: "user.joined", body: { ...joined, email: "no" } },
		{ name: "order.placed", body: 2 },
	];
	const batches: Record<string, (items: unknown) => Promise<unknown>> = {
		"the library": (batch) => events.publishBatch(batch as never),
		"the raw binding": async (batch) => await binding.publishBatch(batch),
		"a client over the binding": (batch) =>
			createClient(binding).publishBatch(batch as never),
	};
	test.each(Object.entries(batches))(
		"or without events is rejected through %s",
		async (_, publishBatch) => {
			await expect(publishBatch([])).rejects.toMatchObject({
				code: "invalid_request",
				message: expect.stringContaining("no events"),
			});
		},
	);

	test("or without events is rejected over HTTP", async () => {
		const answer = await call("POST", "/v1/events", []);
		expect(answer).toMatchObject({
			status: 400,
			json: {
				code: "invalid_request",
				detail: expect.stringContaining("no events"),
			},
		});
	});

	test.each(Object.entries(batches))(
		"names that event through %s, and accepts none",
		async (_, publishBatch) => {
			const before = transitions.length;
			await expect(publishBatch(items)).rejects.toMatchObject({
				code: "schema_violation",
				index: 1,
			});
			await expect(
				publishBatch([items[0], { ...items[2], afer: 1 }]),
			).rejects.toMatchObject({ code: "invalid_request", index: 1 });
			await expect(
				publishBatch([items[0], { name: "order.placed", body: undefined }]),
			).rejects.toMatchObject({ code: "invalid_body", index: 1 });
			await expect(
				publishBatch(Array.from({ length: 1_001 }, () => items[0])),
			).rejects.toMatchObject({ code: "batch_too_large" });
			await expect(publishBatch("no array")).rejects.toMatchObject({
				code: "invalid_request",
			});
			expect(transitions).toHaveLength(before);
		},
	);

	test("names that event over HTTP, and accepts none", async () => {
		const before = transitions.length;
		expect(await call("POST", "/v1/events", items)).toMatchObject({
			status: 422,
			json: { code: "schema_violation", index: 1, issues: [{ path: "email" }] },
		});
		expect(transitions).toHaveLength(before);
	});
});

test("worker() rejects an unknown option", () => {
	expect(() => worker(createEvents(), { prefx: "/x" } as never)).toThrow(
		/worker: unknown key "prefx"/,
	);
});

test.each(["events", "/events/", "/", "//", "/a?b"])(
	"worker() rejects the prefix %j",
	(prefix) => {
		expect(() => worker(createEvents(), { prefix })).toThrow(/prefix/);
	},
);
