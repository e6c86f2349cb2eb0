/** What waits in the scheduler. */

/** A record that waits for its time: a whole event, or one delivery of it whose retry is far off. */
export interface ScheduledRow {
	/** The event's id. */
	id: string;
	/** The handler's id; empty for a whole event. */
	handler: string;
	/** The event's name. */
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** How far it has come, see `progressOf`; 0 for a whole event. */
	version: number;
	/** The key of the body that the record refers to, or null where the record has it. */
	reference: string | null;
	record: string;
}

/** Holds rows durably; all of one call lie in one shard, the one that their ids tell. */
export interface Hold {
	store(rows: readonly ScheduledRow[]): Promise<void>;
}

/** More attempts than a chain can have: one a second for a year. */
const CHAIN = 2 ** 32;

/**
 * How far a delivery has come: its next attempt, and with a later replay further than with any attempt before
 * it, so that a duplicate which still waits cannot take the place of the replay.
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
