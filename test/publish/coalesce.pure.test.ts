import { describe, expect, test } from "vitest";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Queues, RecordQueue } from "../../src/platform/queues.ts";
import type { Scheduler } from "../../src/ports.ts";
import {
	coalescingQueues,
	coalescingScheduler,
} from "../../src/publish/coalesce.ts";

const HOUR = 3_600_000;

/** Ports whose clock a test advances; timers are recorded. */
function still() {
	const timers: number[] = [];
	const ports = {
		now: 0,
		timers,
		clock: () => ports.now,
		random: () => 0,
		timer: (_: () => void, ms: number) => {
			timers.push(ms);
			return () => void timers.pop();
		},
	};
	return ports;
}

/** A queue that records its calls. */
function noting(fails: (records: readonly string[]) => boolean = () => false) {
	const calls: string[][] = [];
	const take = async (records: readonly string[]) => {
		calls.push([...records]);
		if (fails(records)) throw new Error("refused");
	};
	return {
		calls,
		send: (record: string) => take([record]),
		sendBatch: take,
	};
}

/** The queue of events, coalescing. */
function coalescingQueue(
	queue: RecordQueue,
	ports: ReturnType<typeof still>,
): RecordQueue {
	const queues = { events: () => queue } as Partial<Queues> as Queues;
	return coalescingQueues(queues, ports).events();
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

/** Waits for microtasks alone. */
async function after(hops: number): Promise<void> {
	for (let hop = 0; hop < hops; hop++) await undefined;
}

describe("concurrent sends", () => {
	test("are one call for each 100 messages, in order", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		await Promise.all(many(250).map(send));
		expect(queue.calls.map(({ length }) => length)).toEqual([100, 100, 50]);
		expect(queue.calls.flat()).toEqual(many(250));
	});

	test("are one call for each 240 000 bytes, with 100 bytes of metadata for each message", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		const full = "ü".repeat((120_000 - 100) / 2);
		await Promise.all([full, full, "3", "4"].map(send));
		expect(queue.calls.map(({ length }) => length)).toEqual([2, 2]);
	});

	test("are one call although some begin some microtasks later", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		await Promise.all(
			many(12).map(async (record) => {
				await after(Number(record));
				await send(record);
			}),
		);
		expect(queue.calls).toEqual([many(12)]);
	});

	test("fail only if the call with their own record fails", async () => {
		const queue = noting((records) => records.includes("150"));
		const { send } = coalescingQueue(queue, still());
		const ends = await Promise.allSettled(many(250).map(send));
		expect(ends.map(({ status }) => status)).toEqual(
			many(250).map((n) =>
				Math.floor(Number(n) / 100) === 1 ? "rejected" : "fulfilled",
			),
		);
	});

	test("resolve only after their call resolves", async () => {
		const taken = Promise.withResolvers<void>();
		const queue = { ...noting(), sendBatch: () => taken.promise };
		const { send } = coalescingQueue(queue, still());
		let answered = 0;
		const sent = many(2).map((record) => send(record).then(() => answered++));
		await new Promise((resolve) => setTimeout(resolve));
		expect(answered).toBe(0);
		taken.resolve();
		await Promise.all(sent);
		expect(answered).toBe(2);
	});
});

describe("a single send", () => {
	test("is one send and not a batch, with a timer only while it is sent", async () => {
		const queue = noting();
		const ports = still();
		const seen: number[][] = [];
		const { send } = coalescingQueue(
			{
				...queue,
				sendBatch: () => Promise.reject(new Error("no batch")),
				async send(record: string) {
					seen.push([...ports.timers]);
					return queue.send(record);
				},
			},
			ports,
		);
		await send("alone");
		expect(queue.calls).toEqual([["alone"]]);
		expect(seen).toEqual([[]]);
		expect(ports.timers).toEqual([]);
	});

	test("is sent after microtasks alone, without any I/O", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		void send("alone");
		await after(20);
		expect(queue.calls).toEqual([["alone"]]);
	});
});

test("a later send does not join a batch that was sent", async () => {
	const queue = noting();
	const { send } = coalescingQueue(queue, still());
	for (const record of many(3)) {
		void send(record);
		await new Promise((resolve) => setTimeout(resolve));
	}
	expect(queue.calls).toEqual([["0"], ["1"], ["2"]]);
});

test("each lane coalesces separately, and the other queues do not coalesce", async () => {
	const [standard, bulk, retries] = [noting(), noting(), noting()];
	const queues = {
		events: (lane?: string) => (lane === "bulk" ? bulk : standard),
		retries: () => retries,
	} as Partial<Queues> as Queues;
	const coalescing = coalescingQueues(queues, still());
	await Promise.all(
		many(2).flatMap((n) => [
			coalescing.events().send(n),
			coalescing.events("bulk").send(`bulk ${n}`),
		]),
	);
	expect(standard.calls).toEqual([["0", "1"]]);
	expect(bulk.calls).toEqual([["bulk 0", "bulk 1"]]);
	expect(coalescing.retries()).toBe(retries);
});

test("a publishBatch shares no call with other publishes", async () => {
	const queue = noting();
	const { send, sendBatch } = coalescingQueue(queue, still());
	await Promise.all([send("one"), sendBatch(["a", "b"]), send("two")]);
	expect(queue.calls).toEqual([
		["a", "b"],
		["one", "two"],
	]);
});

test("a send does not join a batch that a cancelled request opened a second ago", async () => {
	const queue = noting();
	const ports = still();
	const { send } = coalescingQueue(queue, ports);
	// A test cannot cancel a request, so the clock advances within one.
	void send("abandoned");
	ports.now += 999;
	void send("a little later");
	ports.now += 1;
	await send("by another request");
	expect(queue.calls).toEqual([
		["abandoned", "a little later"],
		["by another request"],
	]);
});

/** An id of one shard. */
const idOf = (shard: number, n = 0) =>
	`01990000-0000-7000-8000-00000000${n.toString(16).padStart(2, "0")}${shard.toString(16).padStart(2, "0")}`;

function row(id: string, dueAt = HOUR, record = "{}"): ScheduledRow {
	const of = { handler: "", name: "a.b", version: 0, reference: null };
	return { ...of, id, dueAt, record };
}

describe("concurrent scheduled events", () => {
	function schedule(fails = false) {
		const calls: ScheduledRow[][] = [];
		const scheduler = coalescingScheduler(
			{
				async store(rows: readonly ScheduledRow[]) {
					calls.push([...rows]);
					if (fails) throw new Error("refused");
				},
				find: async () => null,
			} as Partial<Scheduler> as Scheduler,
			still(),
		);
		return { calls, scheduler };
	}

	test("are one call for each shard", async () => {
		const { calls, scheduler } = schedule();
		const rows = Array.from({ length: 100 }, (_, n) => row(idOf(n % 4, n)));
		await Promise.all(rows.map((one) => scheduler.store([one])));
		expect(calls).toEqual(
			[0, 1, 2, 3].map((shard) => rows.filter((_, n) => n % 4 === shard)),
		);
	});

	test("are at most 1 000 rows and 10 MB in a call", async () => {
		const { calls, scheduler } = schedule();
		const rows = Array.from({ length: 1_001 }, (_, n) => row(idOf(0, n % 256)));
		await Promise.all(rows.map((one) => scheduler.store([one])));
		expect(calls.map(({ length }) => length)).toEqual([1_000, 1]);
		calls.length = 0;
		const large = row(idOf(0), HOUR, "x".repeat(4_000_000));
		await Promise.all(
			[large, large, large].map((one) => scheduler.store([one])),
		);
		expect(calls.map(({ length }) => length)).toEqual([2, 1]);
	});

	test("due within a minute are a call of their own, which is not retried", async () => {
		const { calls, scheduler } = schedule();
		const rows = [row(idOf(0, 1)), row(idOf(0, 2), 60_000), row(idOf(0, 3))];
		await Promise.all(rows.map((one) => scheduler.store([one])));
		expect(calls).toHaveLength(2);
		expect(calls).toContainEqual([rows[0], rows[2]]);
		expect(calls).toContainEqual([rows[1]]);
	});

	test("fail with their call", async () => {
		const { scheduler } = schedule(true);
		await expect(scheduler.store([row(idOf(0))])).rejects.toThrow("refused");
	});

	test("of no rows are no call", async () => {
		const { calls, scheduler } = schedule();
		await scheduler.store([]);
		expect(calls).toEqual([]);
	});
});
