/** One batch of a consumer, from its start in an isolate until each message has a verdict. */
import { Invocation } from "./invocation.ts";
import type { CallNote } from "./isolate.ts";
import type { Platform } from "./platform.ts";
import type { Message } from "./queue.ts";
import { checkDelay, type SendOptions } from "./queue-limits.ts";
import type { WorkerIsolate } from "./worker-isolate.ts";

export type Verdict = "ack" | { retry: number | undefined };

/** A retry that a consumer asked for. Times are in milliseconds. */
export interface RetryNote {
	/** Deliveries of the message so far. */
	attempts: number;
	/** Time since the message was sent. */
	age: number;
	delay: number;
	/** The events and deliveries of the calls that failed in this batch. */
	failed: readonly string[];
}

type End = "returned" | "threw" | "died";

/** Wall-time limit of an invocation, in milliseconds. */
const WALL_TIME = 15 * 60_000;

/** A batch that takes longer delays other messages, in milliseconds. */
const LONG = 30_000;

/** @param ended receives the verdicts; a message without one is redelivered */
export function runBatch(
	platform: Platform,
	queue: string,
	messages: readonly Message[],
	ended: (verdicts: ReadonlyMap<Message, Verdict>) => void,
): void {
	const isolate = platform.workerIsolate();
	const invocation = new Invocation(isolate);
	const { work } = invocation;
	const startedAt = platform.time.now;
	work.queue = queue;
	isolate.batches.add(work);
	const verdicts = new Map<Message, Verdict>();
	let isOver = false;
	const end = (how: End) => {
		if (isOver) return;
		isOver = true;
		stop();
		forget();
		isolate.batches.delete(work);
		const took = platform.time.now - startedAt;
		if (took > LONG) platform.note("long batch", queue, [], { took });
		const isForgotten = platform.fate.next(`forgotten ${queue}`) < 0.5;
		const ends = settled(messages, verdicts, how, isForgotten);
		const { calls } = work;
		const hasFailed = calls.some((call) => call.end === "failed");
		for (const message of messages) {
			const end = ends.get(message);
			if (end === "ack") continue;
			if (end?.retry !== undefined)
				noteRetry(platform, queue, message, end.retry, calls);
			// Notes explain redeliveries: the consumer died without a verdict, or a failed call may be the cause.
			if (end === undefined && how === "died")
				platform.note("died", queue, message.subjects, { calls });
			else if (end !== undefined && hasFailed)
				platform.note("again", queue, message.subjects, { calls });
		}
		ended(ends);
	};
	const stop = platform.time.after(WALL_TIME, () => isolate.kill());
	const forget = isolate.onDeath(() => end("died"));
	invoke(invocation, isolate, queue, messages, (message, verdict) => {
		// The first verdict counts.
		if (isolate.alive && !verdicts.has(message)) verdicts.set(message, verdict);
	}).then(
		() => isolate.alive && end("returned"),
		() => isolate.alive && end("threw"),
	);
}

/** Notes a retry that the consumer asked for, with the age of its message. */
function noteRetry(
	platform: Platform,
	queue: string,
	{ attempts, sentAt, subjects }: Message,
	delaySeconds: number,
	calls: readonly CallNote[],
): void {
	const failed = calls
		.filter(({ end }) => end === "failed")
		.flatMap((call) => call.subjects);
	const delay = delaySeconds * 1_000;
	const age = platform.time.now - sentAt;
	const detail = { attempts, age, delay, failed } satisfies RetryNote;
	platform.note("retry", queue, subjects, detail);
}

/** Returns the verdicts that count. A death may lose all of them, and a return acks each message without one. */
function settled(
	messages: readonly Message[],
	verdicts: ReadonlyMap<Message, Verdict>,
	how: End,
	isForgotten: boolean,
): ReadonlyMap<Message, Verdict> {
	switch (how) {
		case "died":
			return isForgotten ? new Map() : verdicts;
		case "threw":
			return verdicts;
		case "returned":
			return new Map(
				messages.map((message) => [message, verdicts.get(message) ?? "ack"]),
			);
	}
}

async function invoke(
	invocation: Invocation,
	{ deploy }: WorkerIsolate,
	queue: string,
	messages: readonly Message[],
	judge: (message: Message, verdict: Verdict) => void,
): Promise<void> {
	const batch = messages.map((message) => ({
		id: message.id,
		timestamp: new Date(message.sentAt),
		body: structuredClone(message.body),
		attempts: message.attempts,
		ack: () => judge(message, "ack"),
		retry: (options?: SendOptions) => {
			checkDelay(options?.delaySeconds);
			judge(message, { retry: options?.delaySeconds });
		},
	}));
	return invocation
		.run(async () =>
			deploy.queue({
				queue,
				messages: batch,
				ackAll() {
					for (const { ack } of batch) ack();
				},
				retryAll(options?: SendOptions) {
					for (const { retry } of batch) retry(options);
				},
			}),
		)
		.finally(() => invocation.returned());
}
