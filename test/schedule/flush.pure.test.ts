import { beforeEach, expect, test, vi } from "vitest";
import { PAYLOAD_RETENTION, QUEUE_WAIT } from "../../src/event/limits.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { flush } from "../../src/schedule/flush.ts";

const NOW = 1_000_000;

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
});

function rowOf(
	id: string,
	reference: string | null = null,
	changes: Partial<ScheduledRow> = {},
): ScheduledRow {
	return {
		id,
		handler: "",
		name: "order.placed",
		dueAt: NOW,
		version: 0,
		reference,
		record: `record of ${id}`,
		...changes,
	};
}

const late = (id: string) =>
	rowOf(id, `body of ${id}`, { dueAt: NOW - QUEUE_WAIT });

/** Flushes these batches. Returns what was done, in order. */
async function flushed(
	batches: ScheduledRow[][],
	ports: Partial<Parameters<typeof flush>[2]> = {},
	nextDueAt = (left: ScheduledRow[][]): number | null =>
		left.length > 0 ? NOW : null,
	done: unknown[] = [],
) {
	const rows = {
		claim: () => batches[0] ?? [],
		nextDueAt: () => nextDueAt(batches),
		settle: (_: unknown, batch: readonly ScheduledRow[]) => {
			done.push(["settled", ...batch.map(({ id }) => id)]);
			batches.shift();
		},
	};
	await flush("events", rows, {
		queue: {
			async sendBatch(records, accepted) {
				done.push(["sent", ...records]);
				accepted(records);
			},
		},
		payloads: {
			extend: async (key, until) => done.push(["kept", key, until]) > 0,
		},
		clock: () => NOW,
		pause: async () => {},
		observe: ({ type, id }) => done.push([type, id]),
		...ports,
	});
	return done;
}

test("rows leave only after the queue has accepted them, and are then reported", async () => {
	expect(await flushed([[rowOf("a"), late("b")]])).toEqual([
		["kept", "body of b", NOW + PAYLOAD_RETENTION],
		["sent", "record of a", "record of b"],
		["settled", "a", "b"],
		["queued", "a"],
		["queued", "b"],
	]);
});

test("a delivery is reported as queued, but a dead letter on its way to its store is not: its delivery has ended", async () => {
	const handler = "mail";
	const waiting = { state: "retrying", at: NOW } as const;
	const done = await flushed([
		[rowOf("a", null, { handler, waiting }), rowOf("b", null, { handler })],
	]);
	expect(done).toEqual([
		["sent", "record of a", "record of b"],
		["settled", "a", "b"],
		["queued", "a"],
	]);
});

test("rows of a batch that was accepted in part leave, and the others stay", async () => {
	const done: unknown[] = [];
	const flushing = flushed(
		[[rowOf("a"), rowOf("b")]],
		{
			queue: {
				async sendBatch(records, accepted) {
					accepted(records.slice(1));
					throw new Error("Queue is overloaded");
				},
			},
		},
		undefined,
		done,
	);
	await expect(flushing).rejects.toThrow("overloaded");
	expect(done).toEqual([
		["settled", "b"],
		["queued", "b"],
	]);
});

test("a flush extends the large bodies of late events and of deliveries", async () => {
	const delivery = rowOf("b", "body of b", { handler: "h", version: 2 });
	const done = await flushed([[rowOf("a", "body of a"), delivery, late("c")]]);
	expect(done.slice(0, 2)).toEqual([
		["kept", "body of b", NOW + PAYLOAD_RETENTION],
		["kept", "body of c", NOW + PAYLOAD_RETENTION],
	]);
});

test("a large body that cannot be extended does not stop a flush", async () => {
	const extend = async () => {
		throw new Error("the object is down");
	};
	const done = await flushed([[late("a")]], { payloads: { extend } });
	expect(done).toContainEqual(["settled", "a"]);
});

test("a flush ends after five minutes", async () => {
	let now = NOW;
	const batches = Array.from({ length: 9 }, (_, n) => [rowOf(`e${n}`)]);
	const sendBatch = async (
		records: readonly string[],
		accepted: (records: readonly string[]) => void,
	) => {
		now += 60_000;
		accepted(records);
	};
	await flushed(batches, { queue: { sendBatch }, clock: () => now });
	expect(batches).toHaveLength(4);
});

test.each([
	["pauses without a wait if more is due", NOW, [0], 2],
	["waits for rows that are due within 20 ms", NOW + 20, [20], 2],
	["leaves rows that are due later to the next alarm", NOW + 21, [], 1],
])("between two batches a flush %s", async (_, dueAt, waits, sends) => {
	const paused: number[] = [];
	const done = await flushed(
		[[rowOf("a")], [rowOf("b")]],
		{ pause: async (ms) => void paused.push(ms) },
		(left) => (left.length > 0 ? dueAt : null),
	);
	expect(paused).toEqual(waits);
	expect(done.filter((one) => (one as unknown[])[0] === "sent")).toHaveLength(
		sends,
	);
});

test("a cancelled delivery is settled, and neither sent nor reported", async () => {
	const cancelled = rowOf("b", null, { handler: "h", version: 2, record: "" });
	expect(await flushed([[rowOf("a"), cancelled], [cancelled]])).toEqual([
		["sent", "record of a"],
		["settled", "a"],
		["queued", "a"],
		["settled", "b"],
	]);
});
