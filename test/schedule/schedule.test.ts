import { describe, expect, test } from "vitest";
import { PAYLOAD_KEPT, QUEUE_WAIT } from "../../src/event/limits.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";
import {
	cancel,
	type Flushing,
	flush,
	type MoveResult,
	reschedule,
} from "../../src/schedule/schedule.ts";

const NOW = 1_000_000;

const held = (
	id: string,
	reference: string | null = null,
	changes: Partial<ScheduledRow> = {},
): ScheduledRow => ({
	id,
	handler: "",
	name: "order.placed",
	dueAt: NOW,
	version: 0,
	reference,
	record: `record of ${id}`,
	...changes,
});

/** Hands over these batches, and tells what was done, in order. */
async function handedOver(
	batches: ScheduledRow[][],
	ports: Partial<Flushing> = {},
	nextDueAt = (left: ScheduledRow[][]): number | null =>
		left.length > 0 ? NOW : null,
) {
	const done: unknown[] = [];
	const rows = {
		find: () => "gone" as const,
		reschedule: () => "gone" as const,
		claim: () => batches[0] ?? [],
		nextDueAt: () => nextDueAt(batches),
		settle: (_: unknown, batch: readonly ScheduledRow[]) => {
			done.push(["settled", ...batch.map(({ id }) => id)]);
			batches.shift();
		},
	};
	await flush("events", rows, {
		queue: {
			sendBatch: async (records) => void done.push(["sent", ...records]),
		},
		payloads: {
			keep: async (key, until) => void done.push(["kept", key, until]),
		},
		clock: () => NOW,
		pause: async () => {},
		observe: ({ type, id }) => done.push([type, id]),
		...ports,
	});
	return done;
}

test("a hand-over keeps the large bodies, sends, settles, and tells of it, in this order", async () => {
	const late = held("b", "body of b", { dueAt: NOW - QUEUE_WAIT });
	expect(await handedOver([[held("a"), late]])).toEqual([
		["kept", "body of b", NOW + PAYLOAD_KEPT],
		["sent", "record of a", "record of b"],
		["settled", "a", "b"],
		["queued", "a"],
		["queued", "b"],
	]);
});

test("a large body that cannot be kept longer holds nothing up", async () => {
	const keep = async () => {
		throw new Error("the object is down");
	};
	const late = held("a", "body of a", { dueAt: NOW - QUEUE_WAIT });
	const done = await handedOver([[late]], { payloads: { keep } });
	expect(done).toContainEqual(["settled", "a"]);
});

test("the body of an event that is handed over in time is kept long enough already, that of a delivery is not", async () => {
	const delivery = held("b", "body of b", { handler: "h", version: 2 });
	const done = await handedOver([[held("a", "body of a"), delivery]]);
	expect(done.slice(0, 2)).toEqual([
		["kept", "body of b", NOW + PAYLOAD_KEPT],
		["sent", "record of a", "record of b"],
	]);
});

test("a hand-over goes on batch by batch, and lets go after five minutes", async () => {
	let now = NOW;
	const batches = Array.from({ length: 9 }, (_, n) => [held(`e${n}`)]);
	const sendBatch = async () => {
		now += 60_000;
	};
	await handedOver(batches, { queue: { sendBatch }, clock: () => now });
	expect(batches).toHaveLength(4);
});

test.each([
	["pauses for a turn where more is due", NOW, [0], 2],
	["waits for what is due within 20 ms", NOW + 20, [20], 2],
	["leaves to the next alarm what is due later", NOW + 21, [], 1],
])("between two batches a hand-over %s", async (_, dueAt, waits, sends) => {
	const paused: number[] = [];
	const done = await handedOver(
		[[held("a")], [held("b")]],
		{ pause: async (ms) => void paused.push(ms) },
		(left) => (left.length > 0 ? dueAt : null),
	);
	expect(paused).toEqual(waits);
	expect(done.filter((one) => (one as unknown[])[0] === "sent")).toHaveLength(
		sends,
	);
});

describe("moving an event by its id", () => {
	const event = { id: "a", name: "user.left", time: 5, delay: 10, dueAt: 15 };
	const found = { ...event, reference: null };

	/** Asks for it, where the shard answers so; tells what the shard was asked. */
	function moving(answer: MoveResult) {
		const asked: unknown[] = [];
		const told: unknown[] = [];
		const ask = async (...question: unknown[]) => {
			asked.push(question);
			return answer;
		};
		const scheduler = { cancel: ask, reschedule: ask };
		const observe = ({ type }: Transition) => void told.push(type);
		const ports = { scheduler, clock: () => NOW, observe };
		return { asked, told, ports: ports as never };
	}

	const by = { permission: ["order.**"], caller: "the key 5" };
	const refused = expect.objectContaining({
		name: "ForbiddenError",
		message:
			"the key 5 may not cancel or reschedule this event, because it may not publish it: extend its permission",
	});

	test("it is one question, told of and answered", async () => {
		const { asked, told, ports } = moving(found);
		expect(await cancel("a", ports, by)).toBe(true);
		expect(await reschedule("a", 10, ports)).toEqual({
			id: "a",
			time: 5,
			delay: 10,
		});
		expect(asked).toEqual([
			["a", ["order.**"]],
			["a", NOW + 10, "all"],
		]);
		expect(told).toEqual(["cancelled", "rescheduled"]);
	});

	test("one that is gone is false, and nothing is told", async () => {
		const { told, ports } = moving("gone");
		expect(await cancel("a", ports, by)).toBe(false);
		expect(await reschedule("a", 10, ports, by)).toBe(false);
		expect(told).toEqual([]);
	});

	test("who may not publish it does not learn its name", async () => {
		const { told, ports } = moving("forbidden");
		await expect(cancel("a", ports, by)).rejects.toEqual(refused);
		await expect(reschedule("a", 10, ports, by)).rejects.toEqual(refused);
		expect(told).toEqual([]);
	});

	test("who may publish nothing does not learn whether there is one", async () => {
		const { asked, ports } = moving(found);
		const nobody = { ...by, permission: [] };
		await expect(cancel("a", ports, nobody)).rejects.toEqual(refused);
		await expect(reschedule("a", 10, ports, nobody)).rejects.toEqual(refused);
		expect(asked).toEqual([]);
	});
});
