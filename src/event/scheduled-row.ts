/** The rows that the scheduler stores. */

/** A record that is sent when it is due: a whole event, or one delivery of it with a distant retry. */
export interface ScheduledRow {
	/** The event's id. */
	id: string;
	/** The handler's id; empty for a whole event. */
	handler: string;
	/** The event's name. */
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** The version of a delivery, see `versionOf`; 0 for a whole event. */
	version: number;
	/** The key of a body that is stored apart from the record, or null. */
	reference: string | null;
	record: string;
}

/** Stores rows durably. The ids of one call's rows must all name one shard. */
export interface ScheduledRowStore {
	store(rows: readonly ScheduledRow[]): Promise<void>;
}

/** More attempts than one replay can have: one a second for a year has fewer. */
const MOST_ATTEMPTS = 2 ** 32;

/**
 * Version of a delivery, ordered by replay and attempt. The scheduler never overwrites a row with a lower version,
 * so that a duplicate of an earlier attempt cannot replace a replay.
 */
export function versionOf({
	attempt,
	replay = 0,
}: {
	attempt: number;
	replay?: number;
}): number {
	return replay * MOST_ATTEMPTS + attempt;
}
