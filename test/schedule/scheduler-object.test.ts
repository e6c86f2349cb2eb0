/** One shard on the real local runtime, with queues that a test replaces and a clock that it sets. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Scheduler } from "../../src/schedule/scheduler-object.ts";
import {
	alarmOf,
	row,
	rowsOf,
	rowsWrittenBy,
	shardNamed,
} from "../support/shard.ts";

const { EVENTS_QUEUE: events, RETRIES_QUEUE: retries } =
	env as unknown as Record<"EVENTS_QUEUE" | "RETRIES_QUEUE", Queue>;
const T0 = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const START = { dueAt: 0, id: "", handler: "" };
const YEAR = 365 * 86_400_000;

let count = 0;
let shard: ReturnType<typeof shardNamed>;
/** The records that the queues have accepted, by batch. */
let sent: string[][];

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	vi.spyOn(console, "error").mockImplementation(() => {});
	shard = shardNamed(`scheduler-test-${++count}`);
	sendWith();
});

afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

/** Replaces both queues. A batch is accepted unless `accept` throws. */
function sendWith(
	accept: (records: string[]) => Promise<void> = async () => {},
) {
	sent = [];
	const sendBatch = async (messages: Iterable<MessageSendRequest>) => {
		const records = [...messages].map(({ body }) => String(body));
		await accept(records);
		sent.push(records);
		return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
	};
	vi.spyOn(events, "sendBatch").mockImplementation(sendBatch as never);
	vi.spyOn(retries, "sendBatch").mockImplementation(sendBatch as never);
}

function failToSend(): void {
	sendWith(async () => {
		throw new Error("Queue is overloaded");
	});
}

/** Fires the alarm at a time. */
async function alarmAt(time: number): Promise<void> {
	vi.setSystemTime(time);
	await runDurableObjectAlarm(shard);
}

function inShard<Result>(
	act: (object: Scheduler, storage: DurableObjectStorage) => Result,
) {
	return runInDurableObject(shard, (object: Scheduler, { storage }) =>
		act(object, storage),
	);
}

const loseAlarm = () => inShard((_, storage) => storage.deleteAlarm());

test("a flush sends no event early, and a row leaves only after the queue has accepted it", async () => {
	await shard.store([row(T0 + MINUTE)]);
	expect(await alarmOf(shard)).toBe(T0 + MINUTE);
	await alarmAt(T0 + MINUTE - 1);
	expect(sent).toEqual([]);
	expect(await rowsOf(shard)).toHaveLength(1);
	await alarmAt(T0 + MINUTE);
	expect(sent).toHaveLength(1);
	expect(await rowsOf(shard)).toEqual([]);
	expect(await alarmOf(shard)).toBeNull();
});

test("an event that is due in a year is sent in a year", async () => {
	await shard.store([row(T0 + YEAR)]);
	await alarmAt(T0 + YEAR);
	expect(sent.flat()).toHaveLength(1);
});

test("a row that is due in two hundred years does not keep other rows from being sent", async () => {
	await shard.store([row(8_000_000_000_000, { handler: "h", version: 2 })]);
	await evictDurableObject(shard);
	await shard.store([row(T0 + 1)]);
	await alarmAt(T0 + 10);
	expect(sent.flat()).toHaveLength(1);
	expect(await alarmOf(shard)).toBe(T0 + 10 + YEAR);
});

test("a flush sends batches of at most 100 messages and 240 000 bytes", async () => {
	await shard.store(Array.from({ length: 250 }, () => row(T0 + 1)));
	const record = JSON.stringify({ v: 1, body: "x".repeat(100_000) });
	await shard.store([1, 2, 3].map(() => row(T0 + 2, { record })));
	await alarmAt(T0 + 10);
	expect(sent.map((batch) => batch.length)).toEqual([100, 100, 52, 1]);
	expect(await rowsOf(shard)).toEqual([]);
});

test("distant retries go to the retries queue, events to the events queue", async () => {
	const delivery = row(T0 + 2, { handler: "h", version: 2 });
	await shard.store([row(T0 + 1), delivery, row(T0 + 3)]);
	await alarmAt(T0 + 10);
	expect(events.sendBatch).toHaveBeenCalledTimes(1);
	expect(retries.sendBatch).toHaveBeenCalledTimes(1);
	expect(sent.map((batch) => batch.length)).toEqual([2, 1]);
});

test.each([0, 1, 2])(
	"if the send of batch %i fails, sent rows are deleted and the rest is sent after a second",
	async (failing) => {
		let batches = 0;
		sendWith(async () => {
			if (batches++ === failing) throw new Error("Too Many Requests");
		});
		await shard.store(Array.from({ length: 250 }, () => row(T0 + 1)));
		await alarmAt(T0 + 10);
		expect(sent.flat()).toHaveLength(failing * 100);
		expect(await rowsOf(shard)).toHaveLength(250 - failing * 100);
		expect(await alarmOf(shard)).toBe(T0 + 10 + 1_000);
		await alarmAt(T0 + 10 + 1_000);
		expect(new Set(sent.flat()).size).toBe(250);
		expect(sent.flat()).toHaveLength(250);
		expect(await rowsOf(shard)).toEqual([]);
	},
);

test("a queue that fails for hours never makes the alarm throw, and a failed flush backs off up to a minute", {
	timeout: 30_000,
}, async () => {
	failToSend();
	await shard.store([row(T0 + 1)]);
	const waits: number[] = [];
	for (let tries = 0; tries < 300; tries++) {
		const at = (await alarmOf(shard)) as number;
		waits.push(at - Date.now());
		await alarmAt(at);
	}
	expect(waits.slice(1, 9)).toEqual([
		1_000,
		2_000,
		4_000,
		8_000,
		16_000,
		32_000,
		MINUTE,
		MINUTE,
	]);
	expect(Date.now() - T0).toBeGreaterThan(4 * 3_600_000);
	sendWith();
	await alarmAt((await alarmOf(shard)) as number);
	expect(sent.flat()).toHaveLength(1);
});

test("a row that is stored while the queue fails waits for the backoff, unless it is due later", async () => {
	failToSend();
	await shard.store([row(T0 + 1)]);
	for (let tries = 0; tries < 3; tries++)
		await alarmAt((await alarmOf(shard)) as number);
	const backedOff = (await alarmOf(shard)) as number;
	expect(backedOff - Date.now()).toBe(4_000);
	await shard.store([row(Date.now()), row(backedOff + MINUTE)]);
	expect(await alarmOf(shard)).toBe(backedOff);
	sendWith();
	await alarmAt(backedOff);
	expect(sent.flat()).toHaveLength(2);
	expect(await alarmOf(shard)).toBe(backedOff + MINUTE);
});

test("after an outage a flush no longer backs off, and the next outage begins with the first wait", async () => {
	for (const kind of [{}, { handler: "h", version: 2 }]) {
		failToSend();
		await shard.store([row(Date.now() + 1, kind)]);
		for (let tries = 0; tries < 5; tries++)
			await alarmAt((await alarmOf(shard)) as number);
		sendWith();
		await alarmAt((await alarmOf(shard)) as number);
		expect(sent.flat()).toHaveLength(1);
		const dueAt = Date.now() + 10;
		await shard.store([row(dueAt, kind)]);
		expect(await alarmOf(shard)).toBe(dueAt);
		failToSend();
		await alarmAt(dueAt);
		expect(await alarmOf(shard)).toBe(dueAt + 1_000);
		sendWith();
		await alarmAt(dueAt + 1_000);
		expect(await rowsOf(shard)).toEqual([]);
	}
});

test("a queue that never answers fails after 30 seconds", async () => {
	await shard.store([row(T0)]);
	vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: T0 });
	await inShard(async (object) => {
		const asked = Promise.withResolvers<void>();
		sendWith(() => {
			asked.resolve();
			return new Promise(() => {});
		});
		const alarm = object.alarm();
		await asked.promise;
		await vi.advanceTimersByTimeAsync(30_000);
		await alarm;
	});
	expect(await alarmOf(shard)).toBe(T0 + 30_000 + 1_000);
	sendWith();
	await alarmAt(T0 + 31_000);
	expect(sent.flat()).toHaveLength(1);
});

test("events are sent while the retries queue fails", async () => {
	vi.spyOn(retries, "sendBatch").mockRejectedValue(new Error("down"));
	const delivery = row(T0 + 1, { handler: "h", version: 2 });
	await shard.store([delivery, row(T0 + 2), row(T0 + MINUTE)]);
	await alarmAt(T0 + 10);
	expect(sent.flat()).toHaveLength(1);
	expect(await rowsOf(shard)).toMatchObject([
		{ handler: "h" },
		{ handler: "" },
	]);
	expect(await alarmOf(shard)).toBe(T0 + 10 + 1_000);
});

test("a batch that was perhaps sent is sent again with the same ids", async () => {
	await shard.store([row(T0 + 1)]);
	const accepted: string[] = [];
	sendWith(async (records) => {
		accepted.push(...records);
		throw new Error("it was sent all the same");
	});
	await alarmAt(T0 + 10);
	await evictDurableObject(shard);
	sendWith();
	await alarmAt(T0 + 20);
	expect(sent.flat()).toEqual(accepted);
	expect(await rowsOf(shard)).toEqual([]);
});

test("a claimed event can be neither cancelled, nor moved, nor listed, even after a restart", async () => {
	const due = row(T0 + 1);
	await shard.store([due]);
	failToSend();
	await alarmAt(T0 + 10);
	for (const isRestarted of [false, true]) {
		if (isRestarted) await evictDurableObject(shard);
		expect(await shard.cancel(due.id, "all")).toBe("gone");
		expect(await shard.reschedule(due.id, T0 + 99_999, "all")).toBe("gone");
		expect((await shard.list(START, {}, 10)).found).toEqual([]);
		expect(await rowsOf(shard)).toHaveLength(1);
	}
});

test("an event that is not claimed can be cancelled during a flush", async () => {
	const [due, other] = [row(T0 + 1), row(T0 + 99_000)];
	await shard.store([due, other]);
	const answers: unknown[] = [];
	const object = await inShard((object) => object);
	sendWith(async () => {
		for (const { id } of [due, other])
			answers.push(await object.cancel(id, "all"));
	});
	await alarmAt(T0 + 10);
	expect(answers).toEqual(["gone", expect.objectContaining({ id: other.id })]);
	expect(sent.flat()).toHaveLength(1);
	expect(await rowsOf(shard)).toEqual([]);
});

test("overlapping alarms share one flush", async () => {
	await shard.store([row(T0 + 1)]);
	vi.setSystemTime(T0 + 10);
	await inShard((object) => Promise.all([object.alarm(), object.alarm()]));
	expect(sent.flat()).toHaveLength(1);
});

test.each([5, 4])(
	"a claimed delivery can be stored again, here as attempt %i of a consumer that is faster than the send",
	async (version) => {
		const delivery = (version: number) =>
			row(T0 + 1, {
				id: "e",
				handler: "h",
				version,
				record: `{"attempt":${version}}`,
			});
		await shard.store([delivery(4)]);
		const object = await inShard((object) => object);
		sendWith(async () => {
			if (sent.length === 0) await object.store([delivery(version)]);
		});
		await alarmAt(T0 + 1);
		await alarmAt(T0 + MINUTE);
		expect(sent.flat()).toEqual(['{"attempt":4}', `{"attempt":${version}}`]);
		expect(await rowsOf(shard)).toEqual([]);
	},
);

test("a delivery that was stored anew while it was claimed is no longer claimed after the next flush: a duplicate does not postpone it", async () => {
	const stored = (version: number, dueAt: number) =>
		shard.store([row(dueAt, { id: "e", handler: "h", version })]);
	await stored(4, T0 + 1);
	failToSend();
	await alarmAt(T0 + 1);
	await stored(5, T0 + MINUTE);
	sendWith();
	await alarmAt(T0 + 1 + 1_000);
	expect(sent).toEqual([]);
	await stored(5, T0 + 2 * MINUTE);
	expect(await rowsOf(shard)).toMatchObject([{ due_at: T0 + MINUTE }]);
});

test("a page of the list is full although claimed events are left out", async () => {
	await shard.store([row(T0 + 1), row(T0 + 2)]);
	failToSend();
	await alarmAt(T0 + 10);
	const later = [1, 2, 3].map((n) => row(T0 + MINUTE + n));
	await shard.store(later);
	const ids = later.map(({ id }) => ({ id }));
	expect((await shard.list(START, {}, 2)).found).toMatchObject(ids.slice(0, 2));
	expect((await shard.list(START, {}, 3)).found).toMatchObject(ids);
});

test("an event that was sent can be scheduled again", async () => {
	const due = row(T0 + 1);
	await shard.store([due]);
	await alarmAt(T0 + 10);
	for (const isRestarted of [false, true]) {
		if (isRestarted) await evictDurableObject(shard);
		await shard.store([row(T0 + MINUTE, { id: due.id })]);
		expect((await shard.list(START, {}, 10)).found).toMatchObject([
			{ id: due.id },
		]);
		expect(await shard.cancel(due.id, "all")).toMatchObject({ id: due.id });
	}
});

test("an earlier event moves the alarm, and so does a moved event", async () => {
	await shard.store([row(T0 + 30_000)]);
	const moved = row(T0 + 20_000);
	await shard.store([moved]);
	expect(await alarmOf(shard)).toBe(T0 + 20_000);
	await shard.reschedule(moved.id, T0 + 10_000, "all");
	expect(await alarmOf(shard)).toBe(T0 + 10_000);
});

test("rows stored during a flush get an alarm when it ends", async () => {
	await shard.store([row(T0 + 1)]);
	const object = await inShard((object) => object);
	sendWith(() => object.store([row(T0 + 5_000)]));
	await alarmAt(T0 + 10);
	expect(await alarmOf(shard)).toBe(T0 + 5_000);
});

test("a row stored during a flush sets no alarm, and neither does the watch: it would fire at once for rows that are being sent", async () => {
	await shard.store([row(T0 + 1)]);
	vi.setSystemTime(T0 + 10);
	await inShard(async (object, storage) => {
		const alarms: unknown[] = [];
		sendWith(async () => {
			await object.store([row(T0 + MINUTE)]);
			await object.watch();
			alarms.push(await storage.getAlarm());
		});
		await storage.deleteAlarm();
		await object.alarm();
		expect(alarms).toEqual([null]);
		expect(await storage.getAlarm()).toBe(T0 + MINUTE);
	});
});

test("events are sent on time while the retries queue backs off, and deliveries while the events queue does", async () => {
	const delivery = { handler: "h", version: 2 };
	for (const [failing, kind, other] of [
		[retries, delivery, {}],
		[events, {}, delivery],
	] as const) {
		sendWith();
		vi.spyOn(failing, "sendBatch").mockRejectedValue(new Error("down"));
		await shard.store([row(Date.now() + 1, kind)]);
		for (let tries = 0; tries < 4; tries++)
			await alarmAt((await alarmOf(shard)) as number);
		const backedOff = (await alarmOf(shard)) as number;
		expect(backedOff - Date.now()).toBe(8_000);
		const dueAt = Date.now() + 10;
		await shard.store([row(dueAt, other)]);
		expect(await alarmOf(shard)).toBe(dueAt);
		await alarmAt(dueAt);
		expect(sent.flat()).toHaveLength(1);
		sendWith();
		await alarmAt(backedOff);
		expect(await rowsOf(shard)).toEqual([]);
	}
});

test("rows stored while the next alarm is being set set an earlier one", async () => {
	await shard.store([row(T0 + 1), row(T0 + MINUTE)]);
	vi.setSystemTime(T0 + 10);
	await inShard(async (object, storage) => {
		const { setAlarm } = storage;
		const { promise, resolve } = Promise.withResolvers<void>();
		const asked = vi.fn();
		storage.setAlarm = async (at) => {
			asked();
			await setAlarm.call(storage, at);
			await promise;
		};
		const alarm = object.alarm();
		await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
		storage.setAlarm = setAlarm;
		await object.store([row(T0 + 5_000)]);
		resolve();
		await alarm;
		expect(await storage.getAlarm()).toBe(T0 + 5_000);
	});
});

test("a retried alarm is set again before the work that can fail", async () => {
	await shard.store([row(T0 + 1)]);
	vi.setSystemTime(T0 + 10);
	const alarms: unknown[] = [];
	await inShard(async (object, storage) => {
		sendWith(async () => {
			alarms.push(await storage.getAlarm());
			throw new Error("down");
		});
		for (const isRetry of [false, true]) {
			await storage.deleteAlarm();
			await object.alarm({ isRetry, retryCount: 0, scheduledTime: T0 });
		}
	});
	expect(alarms).toEqual([null, T0 + 10 + MINUTE]);
});

test("an object that starts sets a missing alarm, and so does the watch", async () => {
	await shard.store([row(T0 + MINUTE)]);
	await loseAlarm();
	expect(await shard.figures()).toMatchObject({ nextDueAt: T0 + MINUTE });
	expect(await alarmOf(shard)).toBe(T0 + MINUTE);
	await loseAlarm();
	await evictDurableObject(shard);
	expect(await alarmOf(shard)).toBe(T0 + MINUTE);
});

test("an object that starts resumes an interrupted flush at once", async () => {
	await shard.store([row(T0 + 1_000)]);
	// A retry sets its alarm a minute ahead before it sends.
	await inShard((_, storage) => storage.setAlarm(T0 + 2_000 + MINUTE));
	vi.setSystemTime(T0 + 2_000);
	await evictDurableObject(shard);
	await shard.cancel("another", "all");
	expect(await alarmOf(shard)).toBe(T0 + 2_001);
});

test("an alarm that went missing without rows is noticed by the watch", async () => {
	const gone = row(T0 + MINUTE);
	await shard.store([gone]);
	await shard.cancel(gone.id, "all");
	await loseAlarm();
	expect(await shard.figures()).toMatchObject({ nextDueAt: null });
	await shard.store([row(T0 + 90_000)]);
	expect(await alarmOf(shard)).toBe(T0 + 90_000);
});

test("an alarm overdue by a minute does not keep later events from setting one", async () => {
	const first = row(T0 + 1_000);
	await shard.store([first]);
	await loseAlarm();
	await shard.cancel(first.id, "all");
	vi.setSystemTime(T0 + 2 * MINUTE);
	await shard.store([row(T0 + 3 * MINUTE)]);
	expect(await alarmOf(shard)).toBe(T0 + 3 * MINUTE);
});

test("an alarm that stands too late is corrected by the watch", async () => {
	await shard.store([row(T0 + 30_000)]);
	await inShard((_, storage) => storage.setAlarm(T0 + YEAR));
	await shard.watch();
	expect(await alarmOf(shard)).toBe(T0 + 30_000);
});

test("an alarm that could not be set is not remembered as set", async () => {
	await inShard(async (object, storage) => {
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

test("an early alarm is set for later each time", async () => {
	await shard.store([row(T0 + MINUTE)]);
	for (const later of [10, 20, 40]) {
		await runDurableObjectAlarm(shard);
		expect(await alarmOf(shard)).toBe(T0 + MINUTE + later);
	}
	await alarmAt(T0 + MINUTE);
	await shard.store([row(T0 + 2 * MINUTE)]);
	expect(await alarmOf(shard)).toBe(T0 + 2 * MINUTE);
});

test("a hundred events cost at most 3.1 row writes each, from schedule to send", async () => {
	const writes = await rowsWrittenBy(shard, async () => {
		for (let n = 0; n < 100; n++) await shard.store([row(T0 + 1_000 + n)]);
		vi.setSystemTime(T0 + 2_000);
		await inShard((object) => object.alarm());
	});
	expect(sent.flat()).toHaveLength(100);
	// Two for a row and its index, one to delete it; one alarm and one claim for all.
	expect(writes).toBe(302);
});

test("the figures of a shard are what it stores, and its alarms, row writes and sends of the last hour", async () => {
	for (let n = 0; n < 100; n++) await shard.store([row(T0 + 1_000 + n)]);
	vi.setSystemTime(T0 + 2_000);
	await inShard((object) => object.alarm());
	await shard.store([
		row(T0 + YEAR, { id: "later" }),
		row(T0 + YEAR, {
			id: "failed",
			handler: "h",
			version: 2,
			waiting: { state: "retrying", at: T0 },
		}),
	]);
	const stored = { nextDueAt: T0 + YEAR, scheduled: 1, waiting: 1 };
	// Two rows with their index entries, an alarm, and the tables themselves.
	const lastHour = { wakeUps: 1, rowsWritten: 302 + 5 + 3, sent: 100 };
	expect(await shard.figures()).toEqual({ ...stored, lastHour });
	vi.setSystemTime(T0 + 61 * MINUTE);
	expect(await shard.figures()).toEqual({
		...stored,
		lastHour: { wakeUps: 0, rowsWritten: 0, sent: 0 },
	});
});

test("an event that is sent alone costs five row writes, and an alarm without rows none", async () => {
	const alarm = () => inShard((object) => object.alarm());
	const writes = await rowsWrittenBy(shard, async () => {
		await shard.store([row(T0 + 1_000)]);
		vi.setSystemTime(T0 + 1_000);
		await alarm();
	});
	expect(writes).toBe(5);
	expect(await rowsWrittenBy(shard, alarm)).toBe(0);
});

describe("a waiting delivery", () => {
	const key = { id: "e", handler: "h" };
	const delivery = () =>
		row(T0 + YEAR, {
			...key,
			version: 2,
			waiting: { state: "retrying", at: T0, firstAttemptAt: T0 },
		});

	test("that is tried at once is sent by an alarm of now", async () => {
		await shard.store([delivery()]);
		expect(await alarmOf(shard)).toBe(T0 + YEAR);
		expect(await shard.retryDelivery(key)).toBe("quiet.event");
		expect(await alarmOf(shard)).toBe(T0 + 1);
		await alarmAt(T0 + 1);
		expect(retries.sendBatch).toHaveBeenCalledTimes(1);
		expect(sent).toEqual([[delivery().record]]);
		expect(await shard.retryDelivery(key)).toBeNull();
	});

	test("that is tried at once while its queue fails is sent later", async () => {
		failToSend();
		await shard.store([delivery()]);
		await shard.retryDelivery(key);
		await alarmAt(T0 + 1);
		expect(await shard.retryDelivery(key)).toBeNull();
		expect(await shard.cancelDelivery(key)).toBe(null);
		sendWith();
		await alarmAt(T0 + 2 * MINUTE);
		expect(sent.flat()).toHaveLength(1);
	});

	test("that was cancelled is not sent, and its row leaves after a day", async () => {
		await shard.store([delivery()]);
		expect(await shard.cancelDelivery(key)).toEqual({
			name: "quiet.event",
			version: 2,
		});
		await shard.store([row(T0 + MINUTE, { handler: "h", version: 2 })]);
		await alarmAt(T0 + MINUTE);
		expect(sent.flat()).toHaveLength(1);
		await alarmAt(T0 + 1_440 * MINUTE);
		expect(sent.flat()).toHaveLength(1);
		expect(await rowsOf(shard)).toEqual([]);
		expect(await alarmOf(shard)).toBeNull();
	});
});
