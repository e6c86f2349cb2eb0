/** How `publish` and `publishBatch` are called, as types. It has no code. */
import type { After } from "./after-form.ts";

export interface PublishOptions {
	/** When to hand the event over; without it, at once. Later than now, at most one calendar year ahead. */
	after?: After | undefined;
	/** The lane to travel by, one of `TIDINGS_QUEUES.lanes`. Default: the queues that all share. */
	lane?: string | undefined;
}

/** `publish(name)`, `publish(name, body)` or `publish(name, options, body)`, after the name. */
export type PublishArguments<Body> =
	| (null extends Body ? [] : never)
	| [body: Body]
	| [options: PublishOptions, body: Body];

/** One event of a batch. */
export interface BatchItem<Name extends string = string, Body = unknown>
	extends PublishOptions {
	name: Name;
	body: Body;
}
