/** Rows of the scheduler and the order of their versions. It stores none. */

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
const CHAIN = 2 ** 32;

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
	return replay * CHAIN + attempt;
}
