/** What Cloudflare bills, counted: nothing else is here, so that the runtime and Node can both read it. */

export interface Counts {
	/** Queue operations: for each message one for each 64 KB begun. */
	writes: number;
	/** A message that comes again is read again. */
	reads: number;
	deletes: number;
	/** Calls of objects, and alarms. */
	objectRequests: number;
	rowsRead: number;
	/** Alarms set and deleted among them. */
	rowsWritten: number;
	/** Requests of Workers over HTTP. */
	httpRequests: number;
	/** Calls through service bindings, without those that ask for a Worker's handlers, at most one a minute. */
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

/** What a scenario counted, and of how many events. */
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
