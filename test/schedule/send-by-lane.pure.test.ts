import { beforeEach, describe, expect, test, vi } from "vitest";
import { encodeEvent } from "../../src/event/encode.ts";
import { laneOf } from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";
import { sendingByLane } from "../../src/schedule/send-by-lane.ts";

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
});

/** A queue that records its batches. */
function queue() {
	const sent: (readonly string[])[] = [];
	return {
		sent,
		send: async () => {},
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

function lanesOf() {
	return { standard: queue(), bulk: queue(), urgent: queue() };
}

function sender(
	queues: ReturnType<typeof lanesOf>,
	within = (sending: Promise<void>) => sending,
) {
	const { sendBatch } = sendingByLane(
		(lane = "standard") => queues[lane as keyof typeof queues],
		{ lanes: () => ["bulk", "urgent"] },
		within,
	);
	return (
		records: readonly string[],
		accepted: (records: readonly string[]) => void = () => {},
	) => sendBatch(records, accepted);
}

describe("a flush", () => {
	test("sends a batch of one lane in one call", async () => {
		const queues = lanesOf();
		const records = [record(1), record(2)];
		await sender(queues)(records);
		expect(queues.standard.sent).toEqual([records]);
		const bulk = [record(3, "bulk"), record(4, "bulk")];
		await sender(queues)(bulk);
		expect(queues.bulk.sent).toEqual([bulk]);
	});

	test("sends each lane its own records, and those of a missing lane to the default lane", async () => {
		const queues = lanesOf();
		const [a, b, c, d, e] = [
			record(1),
			record(2, "bulk"),
			record(3, "gone"),
			record(4, "urgent"),
			record(5, "bulk"),
		];
		await sender(queues)([a, b, c, d, e]);
		expect(queues.standard.sent).toEqual([[a, c]]);
		expect(queues.bulk.sent).toEqual([[b, e]]);
		expect(queues.urgent.sent).toEqual([[d]]);
	});

	test("sends the records that a lane rejects, and its later records, to the default lane", async () => {
		const queues = lanesOf();
		const failing = vi.fn(down);
		queues.bulk.sendBatch = failing;
		const send = sender(queues);
		const [a, b, c, d] = [
			record(1),
			record(2, "bulk"),
			record(3, "urgent"),
			record(4, "bulk"),
		];
		await send([a, b, c]);
		expect(queues.standard.sent).toEqual([[a], [b]]);
		expect(queues.urgent.sent).toEqual([[c]]);
		await send([d]);
		expect(queues.standard.sent).toEqual([[a], [b], [d]]);
		expect(failing).toHaveBeenCalledTimes(1);
	});

	test("rejects if the default lane rejects, after all other lanes were sent", async () => {
		const queues = lanesOf();
		queues.standard.sendBatch = down;
		const c = record(3, "urgent");
		await expect(sender(queues)([record(1), c])).rejects.toThrow("overloaded");
		expect(queues.urgent.sent).toEqual([[c]]);
	});

	test("reports the records that a lane accepts, also if another lane rejects its own", async () => {
		const queues = lanesOf();
		queues.standard.sendBatch = down;
		queues.bulk.sendBatch = down;
		const [b, c] = [record(2, "bulk"), record(3, "urgent")];
		const accepted = vi.fn();
		const sending = sender(queues)([record(1), b, c], accepted);
		await expect(sending).rejects.toThrow("overloaded");
		expect(accepted.mock.calls).toEqual([[[c]]]);
		queues.standard.sendBatch = queue().sendBatch;
		await sender(queues)([b], accepted);
		expect(accepted).toHaveBeenLastCalledWith([b]);
	});

	test("does not send records again that a lane accepts and that cannot be settled", async () => {
		const queues = lanesOf();
		const full = () => {
			throw new Error("the disk is full");
		};
		const sending = sender(queues)([record(1, "bulk")], full);
		await expect(sending).rejects.toThrow("full");
		expect(queues.standard.sent).toEqual([]);
	});

	test("limits the time of each send separately, so a hanging lane does not stop the others", async () => {
		const queues = lanesOf();
		queues.bulk.sendBatch = () => new Promise(() => {});
		const send = sender(queues, (sending) =>
			Promise.race([sending, Promise.resolve().then(down)]),
		);
		const b = record(2, "bulk");
		await send([b]).catch(() => {});
		expect(queues.standard.sent).toEqual([[b]]);
	});
});

test("the lane of a record is read from its member `lane` alone, wherever it stands", () => {
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
