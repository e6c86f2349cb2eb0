import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Scheduler } from "../../src/schedule/scheduler-object.ts";
import {
	alarmOf,
	row,
	rowsOf,
	rowsWrittenBy,
	shardNamed,
} from "../support/shard.ts";

const queue = (env as unknown as { EVENTS_QUEUE: Queue }).EVENTS_QUEUE;
const retries = (env as unknown as { RETRIES_QUEUE: Queue }).RETRIES_QUEUE;
const T0 = Date.UTC(2027, 0, 1);

let count = 0;
let shard: ReturnType<typeof shardNamed>;
let sent: string[][];

/** Replaces the queues behind the bindings, so that only the object is looked at. */
function sending(take: (records: string[]) => Promise<void> = async () => {}) {
	sent = [];
	const sendBatch = async (messages: Iterable<MessageSendRequest>) => {
		const records = [...messages].map(({ body }) => String(body));
		await take(records);
		sent.push(records);
		return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
	};
	vi.spyOn(queue, "sendBatch").mockImplementation(sendBatch as never);
	vi.spyOn(retries, "sendBatch").mockImplementation(sendBatch as never);
}

/** The object itself, for what calls it while it is at work. */
function inside(): Promise<Scheduler> {
	return runInDurableObject(shard, (object: Scheduler) => object);
}

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	shard = shardNamed(`scheduler-test-${++count}`);
	sending();
});

afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

test("a row is handed over on or after its time, never before, and only then removed", async () => {
	await shard.store([row(T0 + 60_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 60_000);

	vi.setSystemTime(T0 + 59_999);
	await runDurableObjectAlarm(shard);
	expect(sent).toEqual([]);
	// It came early, so its clock is ahead: a little later.
	expect(await alarmOf(shard)).toBe(T0 + 60_010);

	vi.setSystemTime(T0 + 60_000);
	await runDurableObjectAlarm(shard);
	expect(sent).toHaveLength(1);
	expect(await rowsOf(shard)).toEqual([]);
	expect(await alarmOf(shard)).toBeNull();
});

test("an event a year ahead is handed over a year ahead", async () => {
	await shard.store([row(T0 + 365 * 86_400_000)]);
	vi.setSystemTime(T0 + 365 * 86_400_000);
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toHaveLength(1);
});

test("a hand-over goes in batches of at most 100 messages and 240 000 bytes", async () => {
	const small = Array.from({ length: 250 }, () => row(T0 + 1));
	await shard.store(small);
	const text = JSON.stringify({ v: 1, body: "x".repeat(100_000) });
	await shard.store([1, 2, 3].map(() => row(T0 + 2, { record: text })));
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	expect(sent.map((batch) => batch.length)).toEqual([100, 100, 52, 1]);
	expect(await rowsOf(shard)).toEqual([]);
});

test.each([0, 1, 2])(
	"when the send of batch %i fails, what was sent is removed, the rest is kept and the alarm is set",
	async (failing) => {
		let batches = 0;
		sending(async () => {
			if (batches++ === failing) throw new Error("Too Many Requests");
		});
		await shard.store(Array.from({ length: 250 }, () => row(T0 + 1)));
		vi.setSystemTime(T0 + 10);
		await runDurableObjectAlarm(shard);
		expect(sent.flat()).toHaveLength(failing * 100);
		expect(await rowsOf(shard)).toHaveLength(250 - failing * 100);
		expect(await alarmOf(shard)).toBe(T0 + 10 + 1_000);

		await runDurableObjectAlarm(shard);
		expect(sent.flat()).toHaveLength(250);
		expect(new Set(sent.flat()).size).toBe(250);
		expect(await rowsOf(shard)).toEqual([]);
	},
);

test("a queue that fails for hours never uses the alarm up", {
	timeout: 30_000,
}, async () => {
	let down = true;
	sending(async () => {
		if (down) throw new Error("Internal Server Error");
	});
	await shard.store([row(T0 + 1)]);
	for (let tries = 0; tries < 300; tries++) {
		const at = await alarmOf(shard);
		expect(at).not.toBeNull();
		vi.setSystemTime(at as number);
		await runDurableObjectAlarm(shard);
	}
	expect(Date.now() - T0).toBeGreaterThan(4 * 3_600_000);
	down = false;
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toHaveLength(1);
	expect(await rowsOf(shard)).toEqual([]);
});

test("an alarm that died once is set anew before its batch is sent, so that its retries are never used up", async () => {
	await shard.store([row(T0 + 1)]);
	const alarms: unknown[] = [];
	await runInDurableObject(shard, async (object: Scheduler, { storage }) => {
		await storage.deleteAlarm();
		sending(async () => {
			alarms.push(await storage.getAlarm());
			throw new Error("down");
		});
		vi.setSystemTime(T0 + 10);
		await object.alarm({ isRetry: false, retryCount: 0, scheduledTime: T0 });
		await storage.deleteAlarm();
		await object.alarm({ isRetry: true, retryCount: 1, scheduledTime: T0 });
	});
	expect(alarms).toEqual([null, T0 + 10 + 60_000]);
});

test("what is held while a batch is being sent gets its alarm when that ends", async () => {
	await shard.store([row(T0 + 1)]);
	const alarms: unknown[] = [];
	await runInDurableObject(shard, async (object: Scheduler, { storage }) => {
		sending(async () => {
			await object.store([row(T0 + 5_000)]);
			alarms.push(await storage.getAlarm());
		});
		await storage.deleteAlarm();
		vi.setSystemTime(T0 + 10);
		await object.alarm();
		alarms.push(await storage.getAlarm());
	});
	expect(alarms).toEqual([null, T0 + 5_000]);
});

test("what is held while the next alarm is being set sets an earlier one", async () => {
	await shard.store([row(T0 + 1), row(T0 + 60_000)]);
	await runInDurableObject(shard, async (object: Scheduler, { storage }) => {
		const { setAlarm } = storage;
		const { promise, resolve } = Promise.withResolvers<void>();
		const asked = vi.fn();
		storage.setAlarm = async (at) => {
			asked();
			await setAlarm.call(storage, at);
			await promise;
		};
		vi.setSystemTime(T0 + 10);
		const alarm = object.alarm();
		await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
		storage.setAlarm = setAlarm;
		await object.store([row(T0 + 5_000)]);
		resolve();
		await alarm;
		expect(await storage.getAlarm()).toBe(T0 + 5_000);
	});
});

test("a batch that was sent before its rows were removed is sent again, with the same ids", async () => {
	const due = row(T0 + 1);
	await shard.store([due]);
	sending(async (records) => {
		sent.push(records);
		throw new Error("it was sent all the same");
	});
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	await evictDurableObject(shard);
	const first = sent.flat();
	sending();
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toEqual(first);
	expect(await rowsOf(shard)).toEqual([]);
});

test("what is claimed can be neither cancelled nor moved, after a restart neither", async () => {
	const due = row(T0 + 1);
	await shard.store([due]);
	sending(async () => {
		throw new Error("Queue is overloaded");
	});
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	for (const restart of [false, true]) {
		if (restart) await evictDurableObject(shard);
		expect(await shard.cancel(due.id, "all")).toBe("gone");
		expect(await shard.reschedule(due.id, T0 + 99_999, "all")).toBe("gone");
		expect(await shard.list([0, ""], 10)).toEqual([]);
		expect(await rowsOf(shard)).toHaveLength(1);
	}
});

test("a cancel and a move while a batch is being sent are refused, and others are not", async () => {
	const due = row(T0 + 1);
	const other = row(T0 + 99_000);
	await shard.store([due, other]);
	const answers: unknown[] = [];
	const object = await inside();
	sending(async () => {
		for (const { id } of [due, other])
			answers.push(await object.cancel(id, "all"));
	});
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	expect(answers).toEqual(["gone", expect.objectContaining({ id: other.id })]);
	expect(sent.flat()).toHaveLength(1);
	expect(await rowsOf(shard)).toEqual([]);
});

test("two alarms at once send each row once", async () => {
	await shard.store([row(T0 + 1)]);
	vi.setSystemTime(T0 + 10);
	await runInDurableObject(shard, async (object: Scheduler) => {
		await Promise.all([object.alarm(), object.alarm()]);
	});
	expect(sent.flat()).toHaveLength(1);
});

test("an alarm that went missing is set again by the watch, and by the constructor", async () => {
	await shard.store([row(T0 + 60_000)]);
	const lose = () =>
		runInDurableObject(shard, (_, { storage }) => storage.deleteAlarm());
	await lose();
	expect(await alarmOf(shard)).toBeNull();
	expect(await shard.watch()).toEqual({ nextDueAt: T0 + 60_000 });
	expect(await alarmOf(shard)).toBe(T0 + 60_000);
	await lose();
	await evictDurableObject(shard);
	expect(await alarmOf(shard)).toBe(T0 + 60_000);
});

test("an alarm that went missing, whose events were cancelled since, is set again by the next hold", async () => {
	const first = row(T0 + 1_000);
	await shard.store([first]);
	await runInDurableObject(shard, (_, { storage }) => storage.deleteAlarm());
	vi.setSystemTime(T0 + 2_000);
	await shard.cancel(first.id, "all");
	vi.setSystemTime(T0 + 120_000);
	await shard.store([row(T0 + 180_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 180_000);
});

test("an alarm that went missing while nothing waits does not keep the next row from setting one", async () => {
	const gone = row(T0 + 60_000);
	await shard.store([gone]);
	await shard.cancel(gone.id, "all");
	await runInDurableObject(shard, (_, { storage }) => storage.deleteAlarm());
	expect(await shard.watch()).toEqual({ nextDueAt: null });
	await shard.store([row(T0 + 90_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 90_000);
});

test("an event that is held twice waits once, as it was first", async () => {
	const first = row(T0 + 60_000);
	await shard.store([first]);
	await shard.store([row(T0 + 90_000, { id: first.id })]);
	expect(await rowsOf(shard)).toMatchObject([{ due_at: T0 + 60_000 }]);
});

test("a delivery's row moves on with a later attempt and is never set back", async () => {
	const at = (attempt: number, dueAt: number) =>
		row(dueAt, {
			id: "e",
			handler: "h",
			attempt,
			record: `{"attempt":${attempt}}`,
		});
	await shard.store([at(3, T0 + 60_000)]);
	await shard.store([at(2, T0 + 10)]);
	await shard.store([at(3, T0 + 20)]);
	expect(await rowsOf(shard)).toMatchObject([
		{ attempt: 3, due_at: T0 + 60_000 },
	]);
	await shard.store([at(4, T0 + 90_000)]);
	expect(await rowsOf(shard)).toMatchObject([
		{ attempt: 4, due_at: T0 + 90_000 },
	]);
});

test.each([5, 4])(
	"a delivery that comes back at attempt %i while its row is being sent waits anew",
	async (attempt) => {
		const at = (number: number, dueAt: number) =>
			row(dueAt, {
				id: "e",
				handler: "h",
				attempt: number,
				record: `{"attempt":${number}}`,
			});
		await shard.store([at(4, T0 + 1)]);
		const object = await inside();
		sending(async () => {
			// As fast as it can be: the consumer holds it again before the send has even returned.
			if (sent.length === 0) await object.store([at(attempt, T0 + 1)]);
		});
		vi.setSystemTime(T0 + 1);
		await runDurableObjectAlarm(shard);
		vi.setSystemTime(T0 + 60_000);
		await runDurableObjectAlarm(shard);
		expect(sent.flat()).toEqual(['{"attempt":4}', `{"attempt":${attempt}}`]);
		expect(await rowsOf(shard)).toEqual([]);
	},
);

test("whole events go to the events queue, deliveries to the retries queue", async () => {
	await shard.store([
		row(T0 + 1),
		row(T0 + 2, { handler: "h", attempt: 2 }),
		row(T0 + 3),
	]);
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	expect(queue.sendBatch).toHaveBeenCalledTimes(1);
	expect(retries.sendBatch).toHaveBeenCalledTimes(1);
	expect(sent.map((batch) => batch.length)).toEqual([2, 1]);
});

test("a hundred events cost at most 3.1 row writes each, from schedule to hand-over", async () => {
	const writes = await rowsWrittenBy(shard, async () => {
		for (let n = 0; n < 100; n++) await shard.store([row(T0 + 1_000 + n)]);
		vi.setSystemTime(T0 + 2_000);
		await runInDurableObject(shard, (object: Scheduler) => object.alarm());
	});
	expect(sent.flat()).toHaveLength(100);
	// Two for its row and its place in the index, one to delete them; an alarm and a claim for all.
	expect(writes).toBe(302);
});

test("an event that is due alone costs five row writes, and an alarm that finds nothing none", async () => {
	const alarm = () =>
		runInDurableObject(shard, (object: Scheduler) => object.alarm());
	const handedOver = await rowsWrittenBy(shard, async () => {
		await shard.store([row(T0 + 1_000)]);
		vi.setSystemTime(T0 + 1_000);
		await alarm();
	});
	expect(sent.flat()).toHaveLength(1);
	expect(handedOver).toBe(5);
	const nothing = await rowsWrittenBy(shard, alarm);
	expect(nothing).toBe(0);
});

test("an event that was handed over and is held again is handed over again, and listed until then", async () => {
	const due = row(T0 + 1);
	await shard.store([due]);
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	for (const restart of [false, true]) {
		if (restart) await evictDurableObject(shard);
		const again = row(T0 + 60_000, { id: due.id });
		await shard.store([again]);
		expect(await shard.list([0, ""], 10)).toMatchObject([{ id: due.id }]);
		expect(await shard.cancel(due.id, "all")).toMatchObject({ id: due.id });
	}
});

test("events are handed over while the retries queue is down, and the other way round", async () => {
	vi.spyOn(retries, "sendBatch").mockRejectedValue(new Error("down"));
	await shard.store([
		row(T0 + 1, { handler: "h", attempt: 2 }),
		row(T0 + 2),
		row(T0 + 60_000),
	]);
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toHaveLength(1);
	expect(await rowsOf(shard)).toMatchObject([
		{ handler: "h" },
		{ handler: "" },
	]);
	expect(await alarmOf(shard)).toBe(T0 + 10 + 1_000);
});

test("a queue that never answers has failed after 30 seconds, and is sent to again", async () => {
	await shard.store([row(T0)]);
	vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: T0 });
	await runInDurableObject(shard, async (object: Scheduler) => {
		const asked = Promise.withResolvers<void>();
		sending(() => {
			asked.resolve();
			return new Promise(() => {});
		});
		const alarm = object.alarm();
		await asked.promise;
		await vi.advanceTimersByTimeAsync(30_000);
		await alarm;
	});
	expect(await alarmOf(shard)).toBe(T0 + 30_000 + 1_000);
	sending();
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toHaveLength(1);
});

test("an alarm that stands too late is corrected by the next hold and by the watch", async () => {
	await shard.store([row(T0 + 30_000)]);
	const delay = () =>
		runInDurableObject(shard, (_, { storage }) =>
			storage.setAlarm(T0 + 300 * 86_400_000),
		);
	await delay();
	await shard.watch();
	expect(await alarmOf(shard)).toBe(T0 + 30_000);

	// A setAlarm that fails leaves unknown what stands: the next one goes by the rows.
	await runInDurableObject(shard, async (object: Scheduler, { storage }) => {
		const { setAlarm } = storage;
		storage.setAlarm = async () => {
			throw new Error("not now");
		};
		await expect(object.store([row(T0 + 20_000)])).rejects.toThrow("not now");
		storage.setAlarm = setAlarm;
	});
	await shard.store([row(T0 + 300 * 86_400_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 20_000);
});

test("a hand-over that was cut off goes on as soon as the object starts again", async () => {
	await shard.store([row(T0 + 1_000)]);
	// As a retry of the alarm leaves it before its work: a minute ahead, should it die again.
	await runInDurableObject(shard, (_, { storage }) =>
		storage.setAlarm(T0 + 62_000),
	);
	vi.setSystemTime(T0 + 2_000);
	await evictDurableObject(shard);
	await shard.cancel("another", "all");
	expect(await alarmOf(shard)).toBe(T0 + 1_000);
	await runDurableObjectAlarm(shard);
	expect(sent).toHaveLength(1);
});

test("an alarm that comes before its time is set a little later each time, by its own clock", async () => {
	const dueAt = T0 + 60_000;
	await shard.store([row(dueAt)]);
	const alarms: (number | null)[] = [];
	for (let count = 0; count < 15; count++) {
		await runDurableObjectAlarm(shard);
		alarms.push(await alarmOf(shard));
	}
	expect(alarms.map((at) => Number(at) - dueAt)).toEqual([
		...[10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120],
		...[10_240, 20_480, 40_960, 60_000, 60_000],
	]);
	expect(sent).toEqual([]);

	vi.setSystemTime(dueAt);
	await runDurableObjectAlarm(shard);
	expect(sent).toHaveLength(1);
	await shard.store([row(T0 + 120_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 120_000);
});

test("a row of the far future keeps the object from nothing", async () => {
	await shard.store([row(8_000_000_000_000, { handler: "h", attempt: 2 })]);
	await evictDurableObject(shard);
	await shard.store([row(T0 + 1)]);
	vi.setSystemTime(T0 + 10);
	await runDurableObjectAlarm(shard);
	expect(sent.flat()).toHaveLength(1);
	expect(await alarmOf(shard)).toBe(T0 + 10 + 365 * 86_400_000);
});

test("finding what is due of one kind reads no rows of the other", async () => {
	await shard.store(
		Array.from({ length: 500 }, () =>
			row(T0 + 1, { handler: "h", attempt: 2 }),
		),
	);
	await shard.store([row(T0 + 2)]);
	const reads = await runInDurableObject(shard, (_, { storage }) => {
		const due = storage.sql.exec(
			"SELECT * FROM scheduled WHERE (handler = '') = 1 AND due_at <= ? ORDER BY due_at LIMIT 100",
			T0 + 10,
		);
		due.toArray();
		return due.rowsRead;
	});
	expect(reads).toBeLessThanOrEqual(3);
});
