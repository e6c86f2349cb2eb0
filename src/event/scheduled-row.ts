/** Rows of the scheduler, the order of their versions, and what callers see of them. It stores none. */
import type { Delivery, Envelope, EventHead } from "./envelope.ts";
import type { Failure } from "./failure.ts";
import { cutToBytes } from "./json.ts";

/** A record with a due time: a whole event, or one delivery with a long wait before its retry. */
export interface ScheduledRow {
	/** The event's id. */
	id: string;
	/** The handler's id; empty for a whole event. */
	handler: string;
	/** The event's name. */
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** Version of the delivery, see `versionOf`; 0 for a whole event. */
	version: number;
	/** The key of the stored body, or null if the record contains the body. */
	reference: string | null;
	/** Empty for a delivery that was cancelled. */
	record: string;
	/** Absent for a whole event, and for a dead letter on its way to its store. */
	waiting?: Waiting | undefined;
	/** When the delivery's message was sent, in epoch milliseconds; absent if it is not known. It is not stored. */
	sentAt?: number;
}

/** Why a delivery waits in the scheduler. */
export interface Waiting {
	/** `retrying` after a failed attempt; `waiting` if the next attempt cannot be made yet. */
	state: "retrying" | "waiting";
	/** Why the attempt cannot be made; absent after a failed attempt. */
	reason?: string;
	/** When the attempt failed, or could not be made, in epoch milliseconds. */
	at: number;
	/** Start of the first attempt, in epoch milliseconds; absent before it. */
	firstAttemptAt?: number;
	/** The error of the last attempt; for a parked delivery, its first failure. */
	error?: Pick<Failure, "name" | "message">;
	tags?: Readonly<Record<string, string>>;
}

/** Bytes of an error's message in a list. Its dead letter has more. */
const MESSAGE_BYTES = 1_000;

/** @param why the error of the last attempt, or the reason why none could be made */
export function waitingOf(
	{ tags }: Pick<Envelope, "tags">,
	{ firstAttemptAt, firstFailure }: Delivery,
	why: { error: Failure } | { reason: string },
	at: number,
): Waiting {
	const error = "error" in why ? why.error : firstFailure;
	return {
		...("error" in why
			? { state: "retrying" }
			: { state: "waiting", reason: why.reason }),
		at,
		...(firstAttemptAt !== undefined && { firstAttemptAt }),
		...(error && {
			error: {
				name: error.name,
				message: cutToBytes(error.message, MESSAGE_BYTES),
			},
		}),
		...(tags && { tags }),
	};
}

/** More than the attempts of a delivery, which are at most one per second for a year. */
const ATTEMPTS_PER_REPLAY = 2 ** 32;

/**
 * Returns the version of a delivery, ordered by (replay, attempt). The scheduler never overwrites a row with a lower
 * version, so a duplicate cannot replace a later replay.
 */
export function versionOf({
	attempt,
	replay = 0,
}: {
	attempt: number;
	replay?: number;
}): number {
	return replay * ATTEMPTS_PER_REPLAY + attempt;
}

/** Returns the next attempt of a delivery with this version, counted from 1. */
export function attemptOf(version: number): number {
	return version % ATTEMPTS_PER_REPLAY;
}

/** Returns the number of the replay that a delivery with this version belongs to; 0 for none. */
export function replayOf(version: number): number {
	return Math.floor(version / ATTEMPTS_PER_REPLAY);
}

/** A waiting delivery as callers see it. */
export interface WaitingDelivery extends Waiting {
	/** `eventId:handlerId`, like that of its dead letter. */
	id: string;
	event: Pick<EventHead, "id" | "name">;
	handler: string;
	/** The next attempt, counted from 1. */
	attempt: number;
	/** Retries that its handler's policy allows, null for no limit; absent if the handler is not known now. */
	limit?: number | null;
	/** When the next attempt begins, in epoch milliseconds. */
	retryAt: number;
}

/** The key of a delivery's row. */
export type DeliveryKey = Pick<ScheduledRow, "id" | "handler">;

/** A delivery to cancel. One of a replay is cancelled only if its dead letter was released before. */
export interface DeliveryCancel extends DeliveryKey {
	/** The last replay whose dead letter was released. Default 0: none. */
	released?: number;
}

/** The name of the event and the version of a delivery that a caller cancels. */
export type CancelledDelivery = Pick<ScheduledRow, "name" | "version">;

/** A row of one shard. */
export type ShardPosition = DeliveryKey & { shard: number };

/** A position in the order of due time, event and handler. */
export type DeliveryPosition = Pick<ScheduledRow, "dueAt" | "id" | "handler">;

/** A waiting delivery without its record, which may be large. */
export interface StoredDelivery
	extends Omit<ScheduledRow, "record" | "reference"> {
	waiting: Waiting;
}

/** A page of a list. A call reads a bounded number of rows, so that it may be short. */
export interface RowSearch<Item> {
	found: Item[];
	/** Where the list goes on; absent if no row follows. */
	end?: DeliveryPosition;
}

/** Returns `eventId:handlerId`. */
export function deliveryId({ id, handler }: DeliveryKey): string {
	return `${id}:${handler}`;
}

/** Returns the event and the handler in the id of a delivery; null for any other text. */
export function deliveryKeyOf(text: string): DeliveryKey | null {
	const [, id, handler] = /^([^:]+):(.+)$/s.exec(text) ?? [];
	return id !== undefined && handler !== undefined ? { id, handler } : null;
}

/** A scheduled event as callers see it. */
export interface ScheduledEvent extends EventHead {
	/** Epoch milliseconds. */
	dueAt: number;
	tags?: Readonly<Record<string, string>>;
}

/** Scheduled events by the hour in which they are due. */
export interface HourCounts {
	/** The start of each hour in epoch milliseconds, the earliest first. Hours without events are left out. */
	hours: { at: number; count: number }[];
	/** Events that are due later were not counted, in epoch milliseconds. Absent if the counts are complete. */
	countedUntil?: number;
}

/** The event with the key of its stored body. `"gone"` if it is not scheduled any more. A claimed event is gone too. */
export type MoveResult =
	| (ScheduledEvent & Pick<ScheduledRow, "reference">)
	| "gone"
	| "forbidden";

/** Figures of one scheduler shard. */
export interface ShardFigures {
	/** The earliest due time, in epoch milliseconds; null without rows. */
	nextDueAt: number | null;
	/** Scheduled events. At most 10 000 are counted. */
	scheduled: number;
	/** Waiting deliveries. At most 10 000 are counted. */
	waiting: number;
	/** Alarms that ran, rows written and records sent in the last hour, since the object was last started. */
	lastHour: { wakeUps: number; rowsWritten: number; sent: number };
}
