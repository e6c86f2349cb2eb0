import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { queuesOf } from "../../src/platform/queue-variable.ts";
import {
	type BoundQueue,
	checkLane,
	namedQueues,
	spread,
} from "../../src/platform/queues.ts";

beforeEach(() => {
	for (const level of ["warn", "error"] as const)
		vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

/** A queue that records what it is sent, batches as lists. */
function queue(sent: unknown[] = []) {
	return {
		sent,
		send: async (record: string) => void sent.push(record),
		sendBatch: async (records: readonly string[]) => void sent.push(records),
	};
}

/** Names queues `queue-0`, `queue-1` and so on. */
function numbered(queues: readonly ReturnType<typeof queue>[]) {
	return queues.map((one, n) => ({ name: `queue-${n}`, queue: one }));
}

const down = async () => {
	throw new Error("Queue is overloaded");
};

describe("checkLane", () => {
	const lanes = () => ["bulk", "urgent"];

	test.for([undefined, "bulk", "urgent"])("accepts %s", (lane) => {
		expect(() => checkLane(lane, { lanes })).not.toThrow();
	});

	test.for<[unknown, string]>([
		["bluk", 'lane: "bluk" is not a lane; use bulk, urgent'],
		["", 'lane: "" is not a lane; use bulk'],
		[null, "lane: null is not a lane; use bulk"],
		[5, "lane: 5 is not a lane; use bulk"],
	])("rejects %j and lists the lanes", ([lane, message]) => {
		expect(() => checkLane(lane as string, { lanes })).toThrow(
			expect.objectContaining({
				code: "unknown_lane",
				message: expect.stringContaining(message),
			}),
		);
	});

	test("rejects every lane if there are none", () => {
		expect(() => checkLane("bulk", { lanes: () => [] })).toThrow(
			'lane: "bulk" is not a lane; use none: TIDINGS_QUEUES names no lanes',
		);
	});
});

describe("queues by role and lane", () => {
	function named(changes: object = {}) {
		const variable = {
			events: "e",
			retries: "r",
			deadLetters: "d",
			lanes: { bulk: "b", urgent: { events: "u", retries: "ur" } },
		};
		const sent: [string, string][] = [];
		const queues = namedQueues(
			() => queuesOf({ ...variable, ...changes }),
			(binding) =>
				({
					send: async (record: string) => void sent.push([binding, record]),
				}) as BoundQueue,
			() => 0,
		);
		return { queues, sent };
	}

	test("a lane uses its own retries queue if it has one, else that of the default lane", async () => {
		const { queues, sent } = named();
		for (const lane of ["urgent", "bulk", undefined]) {
			await queues.events(lane).send("event");
			await queues.retries(lane).send("retry");
		}
		await queues.deadLetters.send("dead letter");
		expect(sent).toEqual([
			["URGENT_QUEUE", "event"],
			["URGENT_RETRIES_QUEUE", "retry"],
			["BULK_QUEUE", "event"],
			["RETRIES_QUEUE", "retry"],
			["EVENTS_QUEUE", "event"],
			["RETRIES_QUEUE", "retry"],
			["DEAD_LETTERS_QUEUE", "dead letter"],
		]);
		expect(console.warn).not.toHaveBeenCalled();
	});

	test("events of a lane that no longer exists use the default lane, which is logged once", async () => {
		const { queues, sent } = named();
		await queues.events("gone").send("event");
		await queues.retries("gone").send("retry");
		expect(sent).toEqual([
			["EVENTS_QUEUE", "event"],
			["RETRIES_QUEUE", "retry"],
		]);
		const lines = vi.mocked(console.warn).mock.calls.map(([line]) => line);
		expect(lines.map((line) => JSON.parse(line))).toMatchObject([
			{ tidings: "lane_missing", lane: "gone" },
		]);
	});

	test("a draining queue receives nothing, and its lane does not exist", async () => {
		expect(named().queues.lanes()).toEqual(["bulk", "urgent"]);
		const { queues, sent } = named({ draining: ["b"] });
		expect(queues.lanes()).toEqual(["urgent"]);
		await queues.events("bulk").send("event");
		expect(sent).toEqual([["EVENTS_QUEUE", "event"]]);
		expect(queues.all().map(({ label }) => label)).toContain("bulk");
	});
});

describe("several queues of one role", () => {
	test("receive equal shares of the records", async () => {
		const queues = [queue(), queue(), queue(), queue(), queue()];
		let drawn = 0;
		const { send } = spread(
			() => numbered(queues),
			() => drawn++ / 1_000,
		);
		for (let n = 0; n < 1_000; n++) await send(`record ${n}`);
		expect(queues.map(({ sent }) => sent.length)).toEqual(Array(5).fill(200));
	});

	test("receive a batch as one send to one queue", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string(), { minLength: 1 }),
				fc.integer({ min: 1, max: 9 }),
				fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
				async (records, count, drawn) => {
					const queues = Array.from({ length: count }, () => queue());
					const one = spread(
						() => numbered(queues),
						() => drawn,
					);
					await one.sendBatch(records);
					expect(queues.flatMap(({ sent }) => sent)).toEqual([records]);
				},
			),
		);
	});

	test("the next queue receives what one queue rejects; the caller gets the error of both", async () => {
		const queues = [queue(), queue(), queue()];
		const one = spread(
			() => numbered(queues),
			() => 0.99,
		);
		Object.assign(queues[2] as object, { send: down, sendBatch: down });
		await one.sendBatch(["record"]);
		await one.send("record");
		expect(queues[0]?.sent).toEqual([["record"], "record"]);
		const lines = vi.mocked(console.error).mock.calls.map(([line]) => line);
		expect(lines.map((line) => JSON.parse(line))).toMatchObject([
			{ tidings: "queue_send_failed", queue: "queue-2" },
			{ tidings: "queue_send_failed", queue: "queue-2" },
		]);
		Object.assign(queues[0] as object, { send: down });
		await expect(one.send("record")).rejects.toThrow("overloaded");
	});
});
