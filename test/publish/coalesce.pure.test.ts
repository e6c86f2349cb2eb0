import { describe, expect, test } from "vitest";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import {
	coalescingQueue,
	coalescingScheduler,
} from "../../src/publish/coalesce.ts";
import type { Schedule } from "../../src/schedule/schedule.ts";

const HOUR = 3_600_000;

/** Ports on which no time passes unless a test says so; timers are noted. */
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

/** A queue that notes its calls. */
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
		metrics: () => "as before",
	};
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

/** So many microtasks, and nothing else. */
async function after(hops: number): Promise<void> {
	for (let hop = 0; hop < hops; hop++) await undefined;
}

describe("sends of one turn", () => {
	test("are one call for each hundred, in order", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		await Promise.all(many(250).map(send));
		expect(queue.calls.map(({ length }) => length)).toEqual([100, 100, 50]);
		expect(queue.calls.flat()).toEqual(many(250));
	});

	test("are cut at 240 000 bytes, counted in UTF-8 with 100 for each", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		const full = "ü".repeat((120_000 - 100) / 2);
		await Promise.all([full, full, "3", "4"].map(send));
		expect(queue.calls.map(({ length }) => length)).toEqual([2, 2]);
	});

	test("come together though some are some microtasks behind", async () => {
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

	test("are answered each as its own call", async () => {
		const queue = noting((records) => records.includes("150"));
		const { send } = coalescingQueue(queue, still());
		const ends = await Promise.allSettled(many(250).map(send));
		expect(ends.map(({ status }) => status)).toEqual(
			many(250).map((n) =>
				Math.floor(Number(n) / 100) === 1 ? "rejected" : "fulfilled",
			),
		);
	});

	test("are answered only once their call is", async () => {
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

describe("a send by itself", () => {
	test("is one send, and only a watch over its answer stands by", async () => {
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

	test("leaves in the turn in which it came", async () => {
		const queue = noting();
		const { send } = coalescingQueue(queue, still());
		void send("alone");
		await after(20);
		expect(queue.calls).toEqual([["alone"]]);
	});
});

test("what comes in a later turn is a call of its own", async () => {
	const queue = noting();
	const { send } = coalescingQueue(queue, still());
	for (const record of many(3)) {
		void send(record);
		await new Promise((resolve) => setTimeout(resolve));
	}
	expect(queue.calls).toEqual([["0"], ["1"], ["2"]]);
});

test("two queues are gathered each by itself, and keep what else they do", async () => {
	const queues = [noting(), noting()];
	const doors = queues.map((queue) => coalescingQueue(queue, still()));
	await Promise.all(
		doors.flatMap(({ send }, n) => many(2).map((r) => send(`${n}${r}`))),
	);
	expect(queues.map(({ calls }) => calls)).toEqual([
		[["00", "01"]],
		[["10", "11"]],
	]);
	expect(doors[0]?.metrics()).toBe("as before");
});

test("a publishBatch's own batch is not mixed with others", async () => {
	const queue = noting();
	const { send, sendBatch } = coalescingQueue(queue, still());
	await Promise.all([send("one"), sendBatch(["a", "b"]), send("two")]);
	expect(queue.calls).toEqual([
		["a", "b"],
		["one", "two"],
	]);
});

test("what a turn left behind that was cut off a second ago is joined by nobody", async () => {
	const queue = noting();
	const ports = still();
	const { send } = coalescingQueue(queue, ports);
	// All in one turn here, for nothing can cut one off.
	void send("left behind");
	ports.now += 999;
	void send("a little later");
	ports.now += 1;
	await send("by another");
	expect(queue.calls).toEqual([
		["left behind", "a little later"],
		["by another"],
	]);
});

/** An id of one shard. */
const idOf = (shard: number, n = 0) =>
	`01990000-0000-7000-8000-00000000${n.toString(16).padStart(2, "0")}${shard.toString(16).padStart(2, "0")}`;

function row(id: string, dueAt = HOUR, record = "{}"): ScheduledRow {
	const of = { handler: "", name: "a.b", version: 0, reference: null };
	return { ...of, id, dueAt, record };
}

describe("what is scheduled in one turn", () => {
	function schedule(fails = false) {
		const calls: ScheduledRow[][] = [];
		const doors = coalescingScheduler(
			{
				async store(rows: readonly ScheduledRow[]) {
					calls.push([...rows]);
					if (fails) throw new Error("refused");
				},
				find: async () => null,
			} as Partial<Schedule> as Schedule,
			still(),
		);
		return { calls, doors };
	}

	test("is one call for each shard", async () => {
		const { calls, doors } = schedule();
		const rows = Array.from({ length: 100 }, (_, n) => row(idOf(n % 4, n)));
		await Promise.all(rows.map((one) => doors.store([one])));
		expect(calls).toEqual(
			[0, 1, 2, 3].map((shard) => rows.filter((_, n) => n % 4 === shard)),
		);
	});

	test("is at most a thousand rows a call, and ten million characters", async () => {
		const { calls, doors } = schedule();
		const rows = Array.from({ length: 1_001 }, (_, n) => row(idOf(0, n % 256)));
		await Promise.all(rows.map((one) => doors.store([one])));
		expect(calls.map(({ length }) => length)).toEqual([1_000, 1]);
		calls.length = 0;
		const large = row(idOf(0), HOUR, "x".repeat(4_000_000));
		await Promise.all([large, large, large].map((one) => doors.store([one])));
		expect(calls.map(({ length }) => length)).toEqual([2, 1]);
	});

	test("and due within a minute is a call of its own, for that is not made twice", async () => {
		const { calls, doors } = schedule();
		const rows = [row(idOf(0, 1)), row(idOf(0, 2), 60_000), row(idOf(0, 3))];
		await Promise.all(rows.map((one) => doors.store([one])));
		expect(calls).toHaveLength(2);
		expect(calls).toContainEqual([rows[0], rows[2]]);
		expect(calls).toContainEqual([rows[1]]);
	});

	test("is refused with its call", async () => {
		const { doors } = schedule(true);
		await expect(doors.store([row(idOf(0))])).rejects.toThrow("refused");
	});

	test("and is nothing, is no call", async () => {
		const { calls, doors } = schedule();
		await doors.store([]);
		expect(calls).toEqual([]);
	});
});
