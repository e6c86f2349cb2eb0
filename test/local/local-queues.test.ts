/** The queues of a durable local run, on a real object: batches, verdicts, and what a new instance finds. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_RETRIES } from "../../src/event/limits.ts";
import { LocalQueues } from "../../src/local/local-queues.ts";
import { LocalScheduler } from "../../src/local/local-scheduler-object.ts";
import type { LocalQueue } from "../../src/local/message-table.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import type { QueueRole } from "../../src/platform/queue-names.ts";
import { shardNamed } from "../support/shard.ts";

const T0 = Date.UTC(2027, 0, 1);
const EVENTS = { name: "EVENTS_QUEUE", role: "events" } as const;
const RETRIES = { name: "RETRIES_QUEUE", role: "retries" } as const;

interface Received {
	role: QueueRole;
	messages: readonly Message[];
}

let count = 0;
/** The batches that the consumer has received, in order. */
let received: Received[];

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	consumeWith((message) => message.ack());
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

/** Replaces the consumer. Each message is answered by `answer`. */
function consumeWith(answer: (message: Message) => unknown): void {
	received = [];
	setObjectContext({
		async consume(messages, role) {
			received.push({ messages, role });
			await Promise.all(messages.map(answer));
		},
	});
}

/** Runs a test in a new object. `restart` returns the queues of a new instance. */
function inObject(
	act: (
		queues: LocalQueues,
		restart: () => LocalQueues,
		storage: DurableObjectStorage,
	) => Promise<void>,
): Promise<void> {
	const shard = shardNamed(`local-queues-${++count}`);
	return runInDurableObject(shard, (_, state) =>
		act(new LocalQueues(state), () => new LocalQueues(state), state.storage),
	);
}

/** Sends messages, and fires the alarm that this sets. */
async function sendTo(
	queues: LocalQueues,
	...message: Parameters<LocalQueues["send"]>
): Promise<void> {
	await queues.send(...message);
	await queues.alarm();
}

/** Fires the alarm at a time. */
async function alarmAt(time: number, queues: LocalQueues): Promise<void> {
	vi.setSystemTime(time);
	await queues.alarm();
}

const backlogOf = async (queues: LocalQueues, name: string) =>
	(await queues.metrics(name)).backlogCount;
/** All messages. */
async function countOf(queues: LocalQueues): Promise<number> {
	const names = ["EVENTS_QUEUE", "RETRIES_QUEUE", "DEAD_LETTERS_QUEUE"];
	const counts = await Promise.all(
		names.map((name) => backlogOf(queues, name)),
	);
	return counts.reduce((sum, count) => sum + count);
}
const attempts = () =>
	received.flatMap(({ messages }) => messages.map((one) => one.attempts));

test("events are delivered in batches of 100, and retries alone", () =>
	inObject(async (queues) => {
		const records = Array.from({ length: 101 }, (_, n) => `record ${n}`);
		await sendTo(queues, EVENTS, records, 0);
		await sendTo(queues, RETRIES, ["a", "b"], 0);
		expect(
			received.map(({ messages, role }) => [role, messages.length]),
		).toEqual([
			["events", 100] as const,
			["events", 1] as const,
			["retries", 1] as const,
			["retries", 1] as const,
		]);
		expect(received[0]?.messages[0]).toMatchObject({
			id: "1",
			body: "record 0",
			attempts: 1,
			timestamp: new Date(T0),
		});
		await vi.waitFor(async () => expect(await countOf(queues)).toBe(0));
	}));

test("a message waits for its delay, and a retried one for its own, with an alarm at that time", () =>
	inObject(async (queues, _, storage) => {
		consumeWith((message) => message.retry({ delaySeconds: 30 }));
		await queues.send(RETRIES, ["late"], 10);
		expect(await storage.getAlarm()).toBe(T0 + 10_000);
		await alarmAt(T0 + 9_999, queues);
		expect(attempts()).toEqual([]);
		await alarmAt(T0 + 10_000, queues);
		expect(attempts()).toEqual([1]);
		// The alarm of the batch that ran stands: then nothing is due.
		await alarmAt(T0 + 10_500, queues);
		expect(await storage.getAlarm()).toBe(T0 + 40_000);
		await alarmAt(T0 + 39_999, queues);
		expect(attempts()).toEqual([1]);
		await alarmAt(T0 + 40_000, queues);
		expect(attempts()).toEqual([1, 2]);
	}));

test("the first verdict counts", () =>
	inObject(async (queues) => {
		consumeWith((message) => {
			message.ack();
			message.retry();
		});
		await sendTo(queues, EVENTS, ["acknowledged"], 0);
		await vi.waitFor(async () => expect(await countOf(queues)).toBe(0));
		expect(attempts()).toEqual([1]);
	}));

test("a message is moved to the dead-letter queue after its last retry, and is new there", () =>
	inObject(async (queues) => {
		consumeWith((message) => message.retry({ delaySeconds: 1 }));
		await sendTo(queues, RETRIES, ["poison"], 0);
		for (let retry = 1; retry <= MAX_RETRIES; retry++)
			await alarmAt(T0 + retry * 1_000, queues);
		expect(received.map(({ role }) => role).slice(-2)).toEqual([
			"retries",
			"deadLetters",
		]);
		expect(attempts().slice(-2)).toEqual([MAX_RETRIES + 1, 1]);
		expect(await backlogOf(queues, "RETRIES_QUEUE")).toBe(0);
		expect(await backlogOf(queues, "DEAD_LETTERS_QUEUE")).toBe(1);
	}));

test("the dead-letter queue deletes a message after its last retry, as the platform does", () =>
	inObject(async (queues) => {
		consumeWith((message) => message.retry({ delaySeconds: 1 }));
		const deadLetters = { name: "DEAD_LETTERS_QUEUE", role: "deadLetters" };
		await sendTo(queues, deadLetters as LocalQueue, ["poison"], 0);
		for (let retry = 1; retry < MAX_RETRIES; retry++)
			await alarmAt(T0 + retry * 1_000, queues);
		expect(await countOf(queues)).toBe(1);
		await alarmAt(T0 + MAX_RETRIES * 1_000, queues);
		expect(attempts().at(-1)).toBe(MAX_RETRIES + 1);
		expect(await countOf(queues)).toBe(0);
	}));

test("a message without a verdict is redelivered in a minute", () =>
	inObject(async (queues) => {
		const error = vi.spyOn(console, "error").mockReturnValue();
		consumeWith(() => Promise.reject(new Error("the consumer broke")));
		await sendTo(queues, EVENTS, ["unanswered"], 0);
		await vi.waitFor(() => expect(error).toHaveBeenCalledOnce());
		await alarmAt(T0 + 59_999, queues);
		expect(attempts()).toEqual([1]);
		await alarmAt(T0 + 60_000, queues);
		expect(attempts()).toEqual([1, 2]);
	}));

test("a new instance releases the leases of the old one, and counts the delivery again", () =>
	inObject(async (queues, restart, storage) => {
		consumeWith(() => new Promise(() => {}));
		await sendTo(queues, EVENTS, ["interrupted"], 0);
		// A beat: a batch runs, so that an alarm stands within a second.
		expect(await storage.getAlarm()).toBe(T0 + 500);
		await alarmAt(T0 + 500, queues);
		expect(attempts()).toEqual([1]);
		consumeWith((message) => message.ack());
		const next = restart();
		await alarmAt(T0 + 1_000, next);
		expect(attempts()).toEqual([2]);
		await vi.waitFor(async () => expect(await countOf(next)).toBe(0));
	}));

test("an alarm that finds no message does not hide the next ones", () =>
	runInDurableObject(shardNamed("local-empty"), async (_, state) => {
		const { storage } = state;
		const object = new LocalScheduler(state, env as Cloudflare.Env);
		await object.send(EVENTS, ["at once"], 0);
		await object.alarm();
		await vi.waitFor(() => expect(attempts()).toEqual([1]));
		const fire = async () => {
			await storage.deleteAlarm();
			vi.setSystemTime(Date.now() + 500);
			await object.alarm();
		};
		await fire();
		await fire();
		expect(await storage.getAlarm()).toBe(null);
		await object.send(EVENTS, ["later"], 10);
		expect(await storage.getAlarm()).toBe(Date.now() + 10_000);
	}));

test("metrics count the messages of a queue, also those that are being delivered", () =>
	inObject(async (queues) => {
		consumeWith(() => new Promise(() => {}));
		await sendTo(queues, EVENTS, ["é", "é"], 0);
		expect(await queues.metrics("EVENTS_QUEUE")).toEqual({
			backlogCount: 2,
			backlogBytes: 4,
			oldestMessageTimestamp: new Date(T0),
		});
		expect(await backlogOf(queues, "RETRIES_QUEUE")).toBe(0);
	}));

test("ten batches of retries run at once, and the next one starts when one has ended", () =>
	inObject(async (queues) => {
		let finish = () => {};
		consumeWith(async (message) => {
			await new Promise<void>((resolve) => {
				finish = resolve;
			});
			message.ack();
		});
		const records = Array.from({ length: 11 }, (_, n) => `record ${n}`);
		await sendTo(queues, RETRIES, records, 0);
		expect(received).toHaveLength(10);
		finish();
		await vi.waitFor(() => expect(received).toHaveLength(11));
	}));
