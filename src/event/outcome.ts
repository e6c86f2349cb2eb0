/** Outcomes of attempts, as plain data that crosses from a handler's Worker to the owner. It contains no rules. */
import type { Issue } from "./errors.ts";
import type { Failure } from "./failure.ts";

/** How one handler of a call ended, as its Worker reports it. */
export type Outcome =
	/** `output` is the JSON of the returned value, if the call asked for it. */
	| { type: "delivered"; output?: string }
	| { type: "failed"; error: Failure; wants?: RetryWish }
	| { type: "timed_out"; timeout: number }
	| { type: "unparsable"; issues: Issue[] }
	/** The Worker has no such handler. */
	| { type: "unknown_handler" }
	/** The time of the call was over before this handler's turn. */
	| { type: "not_started" };

/** The request that a handler makes with the brand of its error: no further attempt, or the next one at a time. */
export type RetryWish = { stop: true } | { retryAt: number };

/** The outcome of one attempt, as the owner knows it after its call. */
export type AttemptOutcome =
	| Exclude<Outcome, { type: "not_started" }>
	/** The call was cut off before the handler's outcome was reported. */
	| { type: "crashed"; error: Failure };
