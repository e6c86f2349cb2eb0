/** Rows of the scheduler, the order of their versions, and scheduled events as callers see them. It stores none. */
import type { EventHead } from "./envelope.ts";

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
	record: string;
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

/** A scheduled event as callers see it. */
export interface ScheduledEvent extends EventHead {
	/** Epoch milliseconds. */
	dueAt: number;
}

/** The event with the key of its stored body. `"gone"` if it is not scheduled any more. A claimed event is gone too. */
export type MoveResult =
	| (ScheduledEvent & Pick<ScheduledRow, "reference">)
	| "gone"
	| "forbidden";
