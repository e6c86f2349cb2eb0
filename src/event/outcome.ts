/** Outcomes of attempts, as plain data that crosses from a handler's Worker to the owner. It decides nothing. */
import type { Issue } from "./errors.ts";
import type { Failure } from "./failure.ts";

/** How one handler of a call ended, as its Worker reports it. */
export type Outcome =
	/** `output` is the JSON of the returned value, if the call asked for it. */
	| { type: "delivered"; output?: string }
	/** With `wants` if the handler asked for no further attempt, or for the next one at a time. */
	| {
			type: "failed";
			error: Failure;
			wants?: { stop: true } | { retryAt: number };
	  }
	/** `elapsed` if the handler set a timeout that was over: the milliseconds that it had run. */
	| { type: "timed_out"; timeout: number; elapsed?: number }
	| { type: "unparsable"; issues: Issue[] }
	/** The Worker has no such handler. */
	| { type: "unknown_handler" }
	/** The time of the call was over before this handler started. */
	| { type: "not_started" };

/** The outcome of one attempt, as the owner knows it after its call. */
export type AttemptOutcome =
	| Exclude<Outcome, { type: "not_started" }>
	/** The call was cut off before the handler's outcome was reported. */
	| { type: "crashed"; error: Failure };

/** Describes a timeout, for errors. */
export function timeoutText({
	timeout,
	elapsed,
}: Outcome & { type: "timed_out" }): string {
	return elapsed === undefined
		? `within ${timeout} ms`
		: `within ${timeout} ms: it ran for ${elapsed} ms before context.setTimeout set this timeout`;
}
