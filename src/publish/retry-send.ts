/**
 * At the doors, what a queue or an object does not take for the moment is tried again before the caller hears of
 * it. The consumer does not come here: what fails there comes again with its message.
 */
import { UnavailableError } from "../event/errors.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import { inTime, pause, type Timer } from "../platform/timer.ts";
import type { MoveResult, Schedule } from "../schedule/schedule.ts";
import type { MessageQueue, PayloadKeeper } from "./publish.ts";

export interface Resending {
	clock(): number;
	/** From [0, 1). */
	random(): number;
	timer: Timer;
}

/** Before each further try a wait is drawn evenly from none to so many milliseconds, lest callers come together. */
const WAITS = [200, 400, 800];

/** No try begins later than this after the first, in milliseconds. */
const WITHIN = 2_000;

/** What has not answered by then has failed, in milliseconds, and is not asked again: `waitUntil` has 30 seconds. */
const ANSWER_TIME = 25_000;

/** Clocks may be a minute apart: so long before its due time, in milliseconds, an event cannot have been handed over. */
const SOON = 60_000 + WITHIN;

type IsPassing = (error: UnavailableError) => boolean;

/** Whatever keeps a queue from taking a message is an outage: too many requests, an overload, an error of its own. */
const ofQueue: IsPassing = () => true;

/** An object says so itself. One that is overloaded would only be the more so (Durable Objects, error handling). */
const ofObject: IsPassing = ({ cause }) => {
	const { retryable, overloaded } = (cause ?? {}) as {
		retryable?: boolean;
		overloaded?: boolean;
	};
	return retryable === true && overloaded !== true;
};

const never: IsPassing = () => false;

/** @param call is told of the failure before, which may have been done all the same */
async function resend<Result>(
	call: (before?: unknown) => Promise<Result>,
	isPassing: IsPassing,
	{ clock, random, timer }: Resending,
): Promise<Result> {
	const begunAt = clock();
	let before: unknown;
	for (const longest of [...WAITS, 0]) {
		try {
			return await inTime(call(before), ANSWER_TIME, timer, tooLate);
		} catch (error) {
			before = error;
			const isLast = longest === 0 || clock() - begunAt + longest > WITHIN;
			if (isLast || !(error instanceof UnavailableError && isPassing(error)))
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

/** A message that is sent again may come twice, under one id. */
export function retryingQueue(
	queue: MessageQueue,
	ports: Resending,
): MessageQueue {
	return {
		send: (record) => resend(() => queue.send(record), ofQueue, ports),
		sendBatch: (records) =>
			resend(() => queue.sendBatch(records), ofQueue, ports),
	};
}

export function retryingPayloads<Payloads extends PayloadKeeper>(
	payloads: Payloads,
	ports: Resending,
): Payloads {
	return {
		...payloads,
		put: (key, text, until) =>
			resend(() => payloads.put(key, text, until), ofObject, ports),
	};
}

export function retryingScheduler(
	schedule: Schedule,
	ports: Resending,
): Schedule {
	return {
		...schedule,
		store: (rows) =>
			resend(
				() => schedule.store(rows),
				isDueSoon(rows, ports.clock()) ? never : ofObject,
				ports,
			),
		cancel: (id, right) =>
			resend(
				async (before) => certain(await schedule.cancel(id, right), id, before),
				ofObject,
				ports,
			),
		reschedule: (id, dueAt, right) =>
			resend(
				async (before) =>
					certain(await schedule.reschedule(id, dueAt, right), id, before),
				ofObject,
				ports,
			),
	};
}

/**
 * Whether one of these may have been handed over by the time that it would be held again: it would come back, and
 * could be cancelled though it has run.
 */
export function isDueSoon(rows: readonly ScheduledRow[], now: number): boolean {
	return rows.some(({ dueAt }) => dueAt < now + SOON);
}

/**
 * An event that is not there any more may be what the try before has brought about.
 *
 * @throws UnavailableError where nobody can tell
 */
function certain(answer: MoveResult, id: string, before: unknown): MoveResult {
	if (answer !== "gone" || before === undefined) return answer;
	throw new UnavailableError(
		`it is not known what became of ${id}: the first answer was lost, and now it is not scheduled any more`,
		{ cause: before },
	);
}
