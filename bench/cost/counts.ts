/** The counts of what Cloudflare bills. Both workerd and Node import this file, so it imports nothing. */

export interface Counts {
	/** Queue operations: one for each 64 KB of a message. */
	writes: number;
	/** A redelivered message is read again. */
	reads: number;
	deletes: number;
	/** Calls of Durable Objects, and their alarms. */
	objectRequests: number;
	rowsRead: number;
	/** Includes `setAlarm` and `deleteAlarm`, one row each. */
	rowsWritten: number;
	/** Requests of Workers over HTTP. */
	httpRequests: number;
	/** Calls through service bindings. Without listings of handlers, which are cached for a minute. */
	bindingCalls: number;
}

export const NOTHING: Readonly<Counts> = {
	writes: 0,
	reads: 0,
	deletes: 0,
	objectRequests: 0,
	rowsRead: 0,
	rowsWritten: 0,
	httpRequests: 0,
	bindingCalls: 0,
};

/** The counts of one scenario. */
export interface Measured {
	name: string;
	events: number;
	counts: Counts;
}

declare module "vitest" {
	interface TaskMeta {
		cost?: Measured;
	}
}
