/** What waits in the scheduler. */

/** A record that waits for its time: a whole event, or one delivery of it whose retry is far off. */
export interface Held {
	/** The event's id. */
	id: string;
	/** The handler's id; empty for a whole event. */
	handler: string;
	/** The event's name. */
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** The attempt that comes next; 0 for a whole event. */
	attempt: number;
	/** The key of the body that the record refers to, or null where the record has it. */
	reference: string | null;
	record: string;
}

/** Holds rows durably; all of one call lie in one shard, the one that their ids tell. */
export interface Hold {
	hold(rows: readonly Held[]): Promise<void>;
}
