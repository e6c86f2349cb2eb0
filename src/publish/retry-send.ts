/**
 * Retries a publish while a queue or an object is unavailable for a moment. The consumer must not use this: its
 * message is redelivered instead.
 */
import { UnavailableError } from "../event/errors.ts";
import { ANSWER_TIME } from "../event/limits.ts";
import type { MoveResult, ScheduledRow } from "../event/scheduled-row.ts";
import type { RecordQueue } from "../platform/queues.ts";
import { inTime, pause } from "../platform/timer.ts";
import type { PayloadStore, Ports, Scheduler } from "../ports.ts";

export type RetryPorts = Pick<Ports, "clock" | "random" | "timer">;

/** Longest wait before each retry, in milliseconds. Full jitter: callers must not retry at the same time. */
const WAITS = [200, 400, 800];

/** No retry begins later than this after the first call, in milliseconds. */
const WITHIN = 2_000;

/**
 * Until this long before its due time, in milliseconds, an event cannot have been sent to the queue. Clocks may
 * differ by a minute.
 */
const SOON = 60_000 + WITHIN;

type IsTransient = (error: UnavailableError) => boolean;

/** A queue rejects only for an outage: too many requests, an overload, or an internal error. */
const ofQueue: IsTransient = () => true;

/**
 * An object's error has these flags. A retry would overload an overloaded object further (Durable Objects, error
 * handling).
 */
const ofObject: IsTransient = ({ cause }) => {
	const { retryable, overloaded } = (cause ?? {}) as {
		retryable?: boolean;
		overloaded?: boolean;
	};
	return retryable === true && overloaded !== true;
};

const never: IsTransient = () => false;

/** @param call receives the error of the call before it, which may have succeeded all the same */
async function retrySend<Result>(
	call: (before?: unknown) => Promise<Result>,
	isTransient: IsTransient,
	{ clock, random, timer }: RetryPorts,
): Promise<Result> {
	const startedAt = clock();
	let before: unknown;
	for (const longest of [...WAITS, 0]) {
		try {
			// A call that does not answer is not retried: `waitUntil` would end first.
			return await inTime(call(before), ANSWER_TIME, timer, tooLate);
		} catch (error) {
			before = error;
			const isLast = longest === 0 || clock() - startedAt + longest > WITHIN;
			if (isLast || !(error instanceof UnavailableError && isTransient(error)))
				break;
			await pause(random() * longest, timer);
		}
	}
	throw before;
}

function tooLate(): Error {
	return new UnavailableError(
		`Tidings cannot be reached now, try again: no answer within ${ANSWER_TIME} ms`,
	);
}

/** A message that is sent again may be delivered twice, with one id. */
export function retryingQueue(
	queue: RecordQueue,
	ports: RetryPorts,
): RecordQueue {
	return {
		send: (record, delaySeconds) =>
			retrySend(() => queue.send(record, delaySeconds), ofQueue, ports),
		sendBatch: (records) =>
			retrySend(() => queue.sendBatch(records), ofQueue, ports),
	};
}

export function retryingPayloads(
	payloads: PayloadStore,
	ports: RetryPorts,
): PayloadStore {
	return {
		...payloads,
		put: (key, text, until) =>
			retrySend(() => payloads.put(key, text, until), ofObject, ports),
	};
}

export function retryingScheduler(
	scheduler: Scheduler,
	ports: RetryPorts,
): Scheduler {
	return {
		...scheduler,
		store: (rows) =>
			retrySend(
				() => scheduler.store(rows),
				isDueSoon(rows, ports.clock()) ? never : ofObject,
				ports,
			),
		cancel: (id, permission) =>
			retrySend(
				async (before) =>
					certain(await scheduler.cancel(id, permission), id, before),
				ofObject,
				ports,
			),
		reschedule: (id, dueAt, permission) =>
			retrySend(
				async (before) =>
					certain(
						await scheduler.reschedule(id, dueAt, permission),
						id,
						before,
					),
				ofObject,
				ports,
			),
	};
}

/**
 * Returns whether one of these rows may have been sent to the queue before a retry stores it. The retry would
 * schedule that event again, and a caller could cancel it although it has run.
 */
export function isDueSoon(rows: readonly ScheduledRow[], now: number): boolean {
	return rows.some(({ dueAt }) => dueAt < now + SOON);
}

/**
 * Checks the result of a retry: an event may be gone because the failed call before has moved it.
 *
 * @throws UnavailableError if the result is ambiguous
 */
function certain(result: MoveResult, id: string, before: unknown): MoveResult {
	if (result !== "gone" || before === undefined) return result;
	throw new UnavailableError(
		`the result for ${id} is unknown: the first call returned none, and the event is no longer scheduled: check whether it was handled`,
		{ cause: before },
	);
}
