/**
 * The errors with which a handler controls its retries. They are recognised by the property `tidings`, not by class, so
 * that they work across a service binding and between two copies of the library.
 */
import { type Duration, readSpan, retryAfterTime } from "../event/duration.ts";
import type { Outcome } from "../event/outcome.ts";

/** Ends a delivery at once: it becomes a dead letter. */
export class NonRetryableError extends Error {
	override readonly name = "NonRetryableError";
	readonly tidings = "non_retryable";
}

/** The latest time that a `Date` can have, in epoch milliseconds. */
const LATEST = 8.64e15;

/** Sets the time of the next attempt, within the limits of the handler's policy. */
export class RetryAfterError extends Error {
	override readonly name = "RetryAfterError";
	readonly tidings = "retry_after";
	/** The time of the next attempt, in epoch milliseconds. Absent if `after` states none: the policy decides then. */
	declare readonly retryAt?: number;

	/**
	 * @param after a wait in milliseconds, `"<n> <unit>"`, a `Date`, or a value of the header `Retry-After`: seconds as
	 * text, or an HTTP date. A wait is at least a second and at most a year. Any other value leaves the wait to the policy
	 * @example
	 * throw new RetryAfterError("rate limited", response.headers.get("retry-after"));
	 */
	constructor(
		message: string,
		after: Duration | Date | string | null | undefined,
		options?: ErrorOptions,
	) {
		super(message, options);
		const time = timeOf(after, Date.now());
		// The consumer limits the wait. It ignores a time that is not finite.
		if (!Number.isNaN(time)) this.retryAt = Math.min(time, LATEST);
	}
}

/** Returns epoch milliseconds, or NaN. It never throws: the handler's own message would be lost. */
function timeOf(after: unknown, now: number): number {
	if (after instanceof Date) return after.getTime();
	if (typeof after === "number") return now + after;
	if (typeof after !== "string") return Number.NaN;
	const span = readSpan(after);
	if (span?.unit) return now + span.fixed;
	return retryAfterTime(after, now) ?? Number.NaN;
}

/** Returns the wish of one of these errors, or `undefined` for any other thrown value. */
export function retryWishOf(
	thrown: unknown,
): (Outcome & { type: "failed" })["wants"] | undefined {
	try {
		const { tidings, retryAt } = Object(thrown);
		if (tidings === "non_retryable") return { stop: true };
		if (tidings === "retry_after" && Number.isFinite(retryAt))
			return { retryAt };
	} catch {
		// A getter of the thrown value threw.
	}
	return undefined;
}
