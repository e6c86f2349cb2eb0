/**
 * Entry point with every Durable Object class. The main module of the Worker that owns the events exports all of them,
 * `export * from "tidings/objects"`, so that a later version's classes need no change of code.
 */
import { LocalScheduler } from "./local/local-scheduler-object.ts";
import { Scheduler as SchedulerShard } from "./schedule/scheduler-object.ts";

export { Subscriptions } from "./apps/subscriptions/subscriptions-object.ts";
export { DeadLetters } from "./dead-letters/dead-letters-object.ts";
export { Jobs } from "./jobs/jobs-object.ts";
export { Journal } from "./journal/journal-object.ts";
export { Keys } from "./keys/keys-object.ts";
export { Payloads } from "./payloads/payloads-object.ts";

/**
 * Written out, and not with a function: a deploy replaces the expression, and removes the branch of `wrangler dev` with
 * all that only this branch uses.
 */
export const Scheduler =
	process.env.NODE_ENV === "development" ? LocalScheduler : SchedulerShard;
export type Scheduler = SchedulerShard;
