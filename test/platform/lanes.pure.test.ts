import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeEvent } from "../../src/event/encode.ts";
import { laneOf } from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";
import {
	byLane,
	checkLane,
	eventsQueue,
	type Lane,
	retriesQueue,
} from "../../src/platform/lane.ts";
import { lanePorts, spread } from "../../src/platform/lanes.ts";
import { sentTo } from "../../src/platform/queue-names.ts";
import { queuesOf } from "../../src/platform/queue-variable.ts";

const quietly = () => {};

let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
	warn = vi.spyOn(console, "warn").mockImplementation(quietly);
	vi.spyOn(console, "error").mockImplementation(quietly);
});
afterEach(() => vi.restoreAllMocks());

/** A queue that keeps what it is sent, batches as lists. */
function queue(sent: unknown[] = []) {
	return {
		sent,
		send: async (record: string) => void sent.push(record),
		sendBatch: async (records: readonly string[]) => void sent.push(records),
	};
}

const down = async () => {
	throw new Error("Queue is overloaded");
};

function record(n: number, lane?: string): string {
	const head = { id: newId(1_000, 4), name: "order.placed", time: 1, delay: 0 };
	return encodeEvent(head, { text: String(n) }, lane ? { lane } : {});
}

describe("a lane that is asked for", () => {
	const lanes = new Map<string, Lane>([
		["bulk", { events: queue() }],
		["urgent", { events: queue() }],
	]);

	test.for([undefined, "bulk", "urgent"])("%s is there", (lane) => {
		expect(() => checkLane(lane, lanes)).not.toThrow();
	});

	test.for<[unknown, string]>([
		["bluk", 'lane "bluk": there is bulk, urgent: name one of'],
		["", 'lane "": there is'],
		[null, "lane null: there is"],
		[5, "lane 5: there is"],
	])("%j is refused, with what there is", ([lane, said]) => {
		expect(() => checkLane(lane as string, lanes)).toThrow(
			expect.objectContaining({
				code: "unknown_lane",
				message: expect.stringContaining(said),
			}),
		);
	});

	test("is refused where there are none", () => {
		expect(() => checkLane("bulk", new Map())).toThrow(
			'lane "bulk": there is none: ',
		);
	});
});

describe("what a lane names", () => {
	const [events, retries] = [queue(), queue()];
	const own = { events: queue(), retries: queue() };
	const bulk = { events: queue() };
	const lanes = new Map<string, Lane>([
		["own", own],
		["bulk", bulk],
	]);
	const ports = { events, retries, lanes };

	test("goes to its queue, and its deliveries to its retries where it has some", () => {
		expect(eventsQueue("own", ports)).toBe(own.events);
		expect(retriesQueue("own", ports)).toBe(own.retries);
		expect(eventsQueue("bulk", ports)).toBe(bulk.events);
		expect(retriesQueue("bulk", ports)).toBe(retries);
		expect(eventsQueue(undefined, ports)).toBe(events);
		expect(retriesQueue(undefined, ports)).toBe(retries);
		expect(warn).not.toHaveBeenCalled();
	});

	test("goes by the default lane where its own is gone, which is said once", () => {
		expect(eventsQueue("gone", ports)).toBe(events);
		expect(retriesQueue("gone", ports)).toBe(retries);
		expect(warn.mock.calls).toEqual([
			[
				'tidings: there is no lane "gone" any more: its events go by the default lane',
			],
		]);
	});
});

describe("a batch that is handed over", () => {
	const ports = () => ({
		events: queue(),
		lanes: new Map<string, Lane & { events: ReturnType<typeof queue> }>([
			["bulk", { events: queue() }],
			["urgent", { events: queue() }],
		]),
	});
	const sender = (to: ReturnType<typeof ports>) =>
		byLane(
			(lane) => eventsQueue(lane, to),
			(sending) => sending,
		);
	const sentIn = (to: ReturnType<typeof ports>, lane: string) =>
		to.lanes.get(lane)?.events.sent;

	test("is one send where it is of one lane", async () => {
		const to = ports();
		const records = [record(1), record(2)];
		await sender(to)(records);
		expect(to.events.sent).toEqual([records]);
		const bulk = [record(3, "bulk"), record(4, "bulk")];
		await sender(to)(bulk);
		expect(sentIn(to, "bulk")).toEqual([bulk]);
	});

	test("goes to each lane what is its own; what is of a lane that is gone joins the default one", async () => {
		const to = ports();
		const [a, b, c, d, e] = [
			record(1),
			record(2, "bulk"),
			record(3, "gone-before"),
			record(4, "urgent"),
			record(5, "bulk"),
		];
		await sender(to)([a, b, c, d, e]);
		expect(to.events.sent).toEqual([[a, c]]);
		expect(sentIn(to, "bulk")).toEqual([[b, e]]);
		expect(sentIn(to, "urgent")).toEqual([[d]]);
	});

	test("goes by the default lane as far as a lane takes nothing, and so does what follows", async () => {
		const to = ports();
		const failing = vi.fn(down);
		(to.lanes.get("bulk") as Lane).events.sendBatch = failing;
		const send = sender(to);
		const [a, b, c, d] = [
			record(1),
			record(2, "bulk"),
			record(3, "urgent"),
			record(4, "bulk"),
		];
		await send([a, b, c]);
		expect(to.events.sent).toEqual([[a], [b]]);
		expect(sentIn(to, "urgent")).toEqual([[c]]);
		await send([d]);
		expect(to.events.sent).toEqual([[a], [b], [d]]);
		expect(failing).toHaveBeenCalledTimes(1);
	});

	test("fails where the default lane takes nothing, once all else is sent", async () => {
		const to = ports();
		to.events.sendBatch = down;
		const c = record(3, "urgent");
		await expect(sender(to)([record(1), c])).rejects.toThrow("overloaded");
		expect(sentIn(to, "urgent")).toEqual([[c]]);
	});

	test("bounds each send by itself, so that a lane which hangs stops no other", async () => {
		const to = ports();
		(to.lanes.get("bulk") as Lane).events.sendBatch = () =>
			new Promise(() => {});
		const send = byLane(
			(lane) => eventsQueue(lane, to),
			(sending) => Promise.race([sending, Promise.resolve().then(down)]),
		);
		const b = record(2, "bulk");
		await send([b]).catch(() => {});
		expect(to.events.sent).toEqual([[b]]);
	});
});

test("a record's lane is read wherever it stands, and nothing else is taken for one", () => {
	expect(laneOf(record(1, "bulk"))).toBe("bulk");
	expect(laneOf(record(1))).toBe(undefined);
	const head = { id: "e1", name: "a", time: 1, delay: 0 };
	expect(laneOf(encodeEvent(head, { text: '{"lane":"body"}' }))).toBe(
		undefined,
	);
	expect(laneOf('{"v":1,"lane":5}')).toBe(undefined);
	expect(laneOf('no JSON, "lane":')).toBe(undefined);
	expect(laneOf('{"v":2,"body":1,"lane":"bulk"}')).toBe("bulk");
});

describe("several queues as one", () => {
	test("each record goes to a queue that is drawn evenly", async () => {
		const queues = [queue(), queue(), queue(), queue(), queue()];
		let drawn = 0;
		const { send } = spread(
			() => queues,
			() => drawn++ / 1_000,
		);
		for (let n = 0; n < 1_000; n++) await send(record(n));
		expect(queues.map(({ sent }) => sent.length)).toEqual(Array(5).fill(200));
	});

	test("a batch is one send to one queue", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string(), { minLength: 1 }),
				fc.integer({ min: 1, max: 9 }),
				fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
				async (records, count, drawn) => {
					const queues = Array.from({ length: count }, () => queue());
					const one = spread(
						() => queues,
						() => drawn,
					);
					await one.sendBatch(records);
					expect(queues.flatMap(({ sent }) => sent)).toEqual([records]);
				},
			),
		);
	});

	test("the next queue receives what one does not accept, and an error of both is the caller's", async () => {
		const queues = [queue(), queue(), queue()];
		const one = spread(
			() => queues,
			() => 0.99,
		);
		const first = record(1);
		Object.assign(queues[2] as object, { send: down, sendBatch: down });
		await one.sendBatch([first]);
		await one.send(first);
		expect(queues[0]?.sent).toEqual([[first], first]);
		Object.assign(queues[0] as object, { send: down });
		await expect(one.send(first)).rejects.toThrow("overloaded");
	});
});

test("the ports follow what is named: a lane that is drained is none, one queue more is sent to", () => {
	let queues = queuesOf({
		events: "e",
		retries: "r",
		deadLetters: "d",
		lanes: { bulk: "b", urgent: { events: "u", retries: "ur" } },
	});
	const { lanes } = lanePorts(
		() => queues,
		() => queue(),
	);
	expect([...lanes.keys()]).toEqual(["bulk", "urgent"]);
	expect(lanes.get("bulk")?.retries).toBe(undefined);
	expect(lanes.get("urgent")?.retries).toBeDefined();
	queues = queues.map((one) => ({ ...one, isDraining: one.name === "b" }));
	expect([...lanes.keys()]).toEqual(["urgent"]);
	expect(lanes.get("bulk")).toBe(undefined);
	expect(sentTo(queues, "events")).toHaveLength(1);
});
