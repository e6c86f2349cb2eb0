/** Lanes on real queues and objects: events and their retries use their lane, and no lane loses an event. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createClient, PartialPublishError } from "../../../src/client.ts";
import { unclaimedQueue } from "../../../src/consume/unclaimed.ts";
import { createEvents } from "../../../src/events.ts";
import { portsOf } from "../../../src/registration.ts";
import { canaryEvent } from "../../../src/selftest/canary.ts";
import { startSelftest } from "../../../src/selftest/start.ts";
import { worker as workerOf } from "../../../src/worker.ts";
import { call, installKeys, keyOf } from "../../support/http.ts";
import { bound, down, queuesOfEvent, typesOf, wait } from "./support.ts";
import worker, { behaviour, events, transitions } from "./worker.ts";

beforeAll(installKeys);

afterEach(() => {
	behaviour.run = undefined;
	vi.restoreAllMocks();
});

const BULK = /^lanes-bulk(-2)?$/;
const DEFAULT = /^lanes-events(-2)?$/;

const viaBinding = createClient((env as { EVENTS?: never }).EVENTS as never);
const overHttp = createClient({
	url: "https://events.test",
	key: keyOf("publish"),
	fetch: (request) =>
		Promise.resolve(worker.fetch(request as never, env, {} as never)),
});

describe.each([
	["the library", events],
	["the binding", viaBinding],
	["the client over HTTP", overHttp],
])("through %s", (_, client) => {
	test("an event uses its lane, and without one the default lane", async () => {
		const bulk = await client.publish("order.placed", { lane: "bulk" }, 1);
		const plain = await client.publish("order.placed", 1);
		await vi.waitFor(() => {
			expect(typesOf(bulk.id)).toEqual(["published", "delivered"]);
			expect(typesOf(plain.id)).toEqual(["published", "delivered"]);
		}, wait);
		expect(queuesOfEvent(bulk.id)).toEqual([expect.stringMatching(BULK)]);
		expect(queuesOfEvent(plain.id)).toEqual([expect.stringMatching(DEFAULT)]);
	});

	test("an unknown lane is rejected, and the error lists the lanes", async () => {
		const options = { lane: "bluk" };
		await expect(client.publish("order.placed", options, 1)).rejects.toThrow(
			expect.objectContaining({
				name: "RefusedError",
				code: "unknown_lane",
				message: expect.stringContaining(
					'lane: "bluk" is not a lane; use bulk, urgent',
				),
			}),
		);
		const items = [
			{ name: "order.placed", lane: "bulk", body: 1 },
			{ name: "order.placed", lane: "bluk", after: "1 day", body: 1 },
		];
		await expect(client.publishBatch(items)).rejects.toMatchObject({
			code: "unknown_lane",
			index: 1,
		});
	});
});

test("HTTP accepts `lane` as a member of an event, and answers 422 to an unknown lane", async () => {
	const event = { name: "order.placed", lane: "urgent", body: 1 };
	const { status, json } = await call("POST", "/v1/events", event);
	expect(status).toBe(202);
	await vi.waitFor(
		() => expect(queuesOfEvent(json.id)).toEqual(["lanes-urgent"]),
		wait,
	);
	const refused = await call("POST", "/v1/events", { ...event, lane: "x" });
	expect(refused.status).toBe(422);
	expect(refused.json).toMatchObject({ code: "unknown_lane" });
});

test("concurrent publishes are one send for each lane", async () => {
	const sends = ["EVENTS_QUEUE", "EVENTS_QUEUE_2", "BULK_QUEUE", "BULK_QUEUE_2"]
		.map((binding) => bound[binding] as Queue)
		.flatMap((queue) => [
			vi.spyOn(queue, "send"),
			vi.spyOn(queue, "sendBatch"),
		]);
	const lanes = ["bulk", undefined, "bulk", undefined, "bulk", undefined];
	const receipts = await Promise.all(
		lanes.map((lane) => events.publish("order.placed", { lane }, 1)),
	);
	const counts = sends
		.flatMap(({ mock }) => mock.calls)
		.map(([sent]) => (Array.isArray(sent) ? sent.length : 1));
	expect(counts).toEqual([3, 3]);
	await vi.waitFor(() => {
		for (const { id } of receipts)
			expect(typesOf(id)).toEqual(["published", "delivered"]);
	}, wait);
	const [bulk, plain] = receipts.map(({ id }) => queuesOfEvent(id));
	expect(bulk).toEqual([expect.stringMatching(BULK)]);
	expect(plain).toEqual([expect.stringMatching(DEFAULT)]);
});

describe("a batch over two lanes", () => {
	const items = ["bulk", undefined, "bulk", "urgent", undefined].map(
		(lane, n) => ({ name: "order.placed", lane, body: n }),
	);

	test("is one send to each lane, and its receipts are in order", async () => {
		const queues = Object.entries(bound).filter(([name]) =>
			/_QUEUE(_2)?$/.test(name),
		);
		const sends = queues.map(([, queue]) => vi.spyOn(queue, "sendBatch"));
		const receipts = await events.publishBatch(items);
		expect(sends.flatMap(({ mock }) => mock.calls)).toHaveLength(3);
		await vi.waitFor(
			() =>
				expect(receipts.flatMap(({ id }) => queuesOfEvent(id))).toEqual([
					expect.stringMatching(BULK),
					expect.stringMatching(DEFAULT),
					expect.stringMatching(BULK),
					"lanes-urgent",
					expect.stringMatching(DEFAULT),
				]),
			wait,
		);
	});

	test("reports the events of a failing lane, and the others are delivered", async () => {
		down("BULK_QUEUE");
		down("BULK_QUEUE_2");
		const error = await events.publishBatch(items).catch((error) => error);
		expect(error).toBeInstanceOf(PartialPublishError);
		const { failed, receipts } = error as PartialPublishError;
		expect(failed).toEqual([0, 2]);
		const accepted = receipts.flatMap((receipt) => receipt?.id ?? []);
		expect(accepted).toHaveLength(3);
		await vi.waitFor(() => {
			for (const id of accepted)
				expect(typesOf(id)).toEqual(["published", "delivered"]);
		}, wait);
	});
});

test("the next queue of a lane receives the events of a failing queue", async () => {
	down("BULK_QUEUE");
	const receipts = await Promise.all(
		Array.from({ length: 20 }, () =>
			events.publish("order.placed", { lane: "bulk" }, null),
		),
	);
	await vi.waitFor(
		() =>
			expect(receipts.flatMap(({ id }) => queuesOfEvent(id))).toEqual(
				Array(20).fill("lanes-bulk-2"),
			),
		wait,
	);
});

test("a full batch in one lane is one send, although the lane has two queues", async () => {
	const sends = ["EVENTS_QUEUE", "EVENTS_QUEUE_2"].map((name) =>
		vi.spyOn(bound[name] as Queue, "sendBatch"),
	);
	const item = { name: "order.placed", body: null };
	const receipts = await events.publishBatch(Array(100).fill(item));
	expect(sends.flatMap(({ mock }) => mock.calls)).toHaveLength(1);
	await vi.waitFor(() => {
		for (const { id } of receipts) expect(typesOf(id)).toContain("delivered");
	}, wait);
});

test("events that are published one by one use both queues of a lane", async () => {
	const ids: string[] = [];
	for (let n = 0; n < 60; n++)
		ids.push((await events.publish("order.placed", { lane: "bulk" }, n)).id);
	await vi.waitFor(() => {
		const queues = ids.flatMap(queuesOfEvent);
		expect(queues).toHaveLength(60);
		expect(new Set(queues)).toEqual(new Set(["lanes-bulk", "lanes-bulk-2"]));
	}, wait);
});

test.each([
	["urgent", "lanes-urgent", "lanes-urgent-retries audit"],
	["bulk", BULK, "lanes-retries audit"],
])(
	"a failed event of %s is retried in the retries queue of its lane, else of the default lane",
	async (lane, first, second) => {
		behaviour.run = (_, { attempt }) => {
			if (attempt === 1) throw new Error("not yet");
		};
		const { id } = await events.publish("order.placed", { lane }, 1);
		await vi.waitFor(
			() => expect(typesOf(id)).toEqual(["published", "retrying", "delivered"]),
			wait,
		);
		expect(queuesOfEvent(id)).toEqual([expect.stringMatching(first), second]);
	},
);

test("a replay uses the retries queue of its event's lane", async () => {
	behaviour.run = () => {
		throw new Error("never");
	};
	const { id } = await events.publish("order.placed", { lane: "urgent" }, 1);
	const path = `/v1/dead-letters/${encodeURIComponent(`${id}:audit`)}`;
	await vi.waitFor(
		async () => expect((await call("GET", path)).status).toBe(200),
		wait,
	);
	behaviour.run = undefined;
	const before = queuesOfEvent(id).length;
	const { status } = await call("POST", `${path}/replay`);
	expect(status).toBe(202);
	await vi.waitFor(
		() =>
			// The success of the replay travels through the dead-letter queue.
			expect(queuesOfEvent(id).slice(before)).toEqual([
				"lanes-urgent-retries audit",
				"lanes-dead-letters",
			]),
		wait,
	);
	expect(typesOf(id)).toContain("delivered");
});

describe("a removed queue", () => {
	test("is still consumed while it drains, and receives nothing", async () => {
		const head = { id: "in-old-lane", name: "order.placed", time: 1, delay: 0 };
		const record = JSON.stringify({ v: 1, ...head, lane: "old", body: 1 });
		await bound.OLD_QUEUE?.send(record, { contentType: "text" });
		await vi.waitFor(
			() => expect(typesOf("in-old-lane")).toEqual(["delivered"]),
			wait,
		);
		expect(queuesOfEvent("in-old-lane")).toEqual(["lanes-old"]);
		await expect(
			events.publish("order.placed", { lane: "old" }, 1),
		).rejects.toMatchObject({ code: "unknown_lane" });
	});

	test("has its failed events retried in the default lane", async () => {
		const warn = vi.spyOn(console, "warn");
		behaviour.run = (_, { attempt }) => {
			if (attempt === 1) throw new Error("not yet");
		};
		const head = {
			id: "fails-in-old-lane",
			name: "order.placed",
			time: 1,
			delay: 0,
		};
		const record = JSON.stringify({ v: 1, ...head, lane: "old", body: 1 });
		await bound.OLD_QUEUE?.send(record, { contentType: "text" });
		await vi.waitFor(
			() =>
				expect(typesOf("fails-in-old-lane")).toEqual(["retrying", "delivered"]),
			wait,
		);
		expect(queuesOfEvent("fails-in-old-lane")).toEqual([
			"lanes-old",
			"lanes-retries audit",
		]);
		expect(warn.mock.calls.flat().join()).toContain(
			'"tidings":"lane_missing","lane":"old"',
		);
	});

	test("that the configuration does not name redelivers its messages every hour, which is logged, and /health forgets it later", async () => {
		const log = vi.spyOn(console, "error").mockImplementation(() => {});
		const retryAll = vi.fn();
		const body = JSON.stringify({
			v: 1,
			id: "e",
			name: "a",
			time: 1,
			delay: 0,
		});
		const messages = [{ body: body.replace("}", ',"body":1}') }];
		const batch = { queue: "lanes-before", messages, retryAll };
		await worker.queue(batch as never, env as never, {} as never);
		expect(retryAll).toHaveBeenCalledWith({ delaySeconds: 3_600 });
		expect(log.mock.calls.flat().join()).toContain("lanes-before");
		expect(await unclaimedQueue(portsOf(events))).toBe("lanes-before");
		vi.spyOn(Date, "now").mockReturnValue(Date.now() + 2 * 3_600_000);
		const { Payloads } = exports as unknown as {
			Payloads: DurableObjectNamespace;
		};
		await runDurableObjectAlarm(Payloads.getByName("unclaimed-queue"));
		expect(await unclaimedQueue(portsOf(events))).toBeNull();
	});
});

describe("the health", () => {
	let now = Date.now();
	/** Answers are cached for some seconds, so each request must be later. */
	const later = () => {
		now += 60_000;
		vi.spyOn(Date, "now").mockReturnValue(now);
		return now;
	};

	test("reports each queue, also a draining one", async () => {
		later();
		const { status, json } = await call("GET", "/health", undefined, {
			key: "read",
		});
		expect(status).toBe(200);
		expect(Object.keys(json.queues)).toEqual([
			"events",
			"events 2",
			"retries",
			"deadLetters",
			"bulk",
			"bulk 2",
			"urgent",
			"urgent retries",
			"old",
		]);
	});

	test.each([
		"EVENTS_QUEUE_2",
		"BULK_QUEUE_2",
		"URGENT_RETRIES_QUEUE",
		"OLD_QUEUE",
	])("answers 503 if %s is not consumed", async (name) => {
		const week = 7 * 86_400_000;
		const metrics = vi.spyOn(bound[name] as Queue, "metrics");
		for (const [waited, status] of [
			[week - 60_000, 200],
			[week + 60_000, 503],
		] as const) {
			metrics.mockResolvedValue({
				backlogCount: 1,
				backlogBytes: 10,
				oldestMessageTimestamp: new Date(later() - waited),
			});
			const answer = await call("GET", "/health", undefined, { key: "" });
			expect(answer.status).toBe(status);
		}
	});
});

test.each([
	"EVENTS_QUEUE_2",
	"BULK_QUEUE",
	"URGENT_RETRIES_QUEUE",
	"OLD_QUEUE",
])(
	"a Worker without %s does not start, and the error names the missing queue",
	(name) => {
		const { [name]: queue } = bound;
		delete bound[name];
		try {
			expect(() => workerOf(events)).toThrow(
				new RegExp(`${name} \\(of lanes-.*add them to \\[\\[queues.producers`),
			);
		} finally {
			bound[name] = queue as Queue;
		}
		expect(() => workerOf(events)).not.toThrow();
	},
);

test("an owner without the objects of features works, and its first invocation says once which it lacks", async () => {
	const warned = vi.spyOn(console, "warn").mockReturnValue();
	const owner = workerOf(createEvents());
	const request = new Request("https://events.test/nothing") as never;
	for (let n = 0; n < 2; n++)
		expect((await owner.fetch(request, env, {} as never)).status).toBe(404);
	expect(warned).toHaveBeenCalledOnce();
	expect(warned.mock.calls.flat().join()).toMatch(
		/objects_not_declared.*Journal, Jobs, Keys/,
	);
});

test("the selftest sends a canary through each lane; without the object of the journal it publishes nothing", async () => {
	const ports = portsOf(events);
	const published = transitions.length;
	await expect(startSelftest("ci", ports)).rejects.toMatchObject({
		code: "not_configured",
		message: /\[exports\.Journal\]/,
	});
	expect(transitions).toHaveLength(published);
	const journal = { store: { search: async () => null } } as never;
	await startSelftest("ci", { ...ports, journal });
	await vi.waitFor(() => {
		const queues = transitions
			.filter(({ event }) => event === canaryEvent("lane"))
			.flatMap(({ type, id }) =>
				type === "delivered" ? queuesOfEvent(id) : [],
			);
		expect(queues.sort()).toEqual([
			expect.stringMatching(BULK),
			"lanes-urgent",
		]);
	}, wait);
});
