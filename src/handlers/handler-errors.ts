/**
 * The errors with which a handler controls its retries. They are recognised by the property `tidings`, not by class, so
 * that they work across a service binding and between two copies of the library.
 */
import { type Duration, milliseconds } from "../event/duration.ts";
import type { Outcome } from "../event/outcome.ts";

/** Ends a delivery at once: it becomes a dead letter. */
export class NonRetryableError extends Error {
	override readonly name = "NonRetryableError";
	readonly tidings = "non_retryable";
}

/** Sets the time of the next attempt, within the limits of the handler's policy. */
export class RetryAfterError extends Error {
	override readonly name = "RetryAfterError";
	readonly tidings = "retry_after";
	/** The time of the next attempt, in epoch milliseconds. */
	readonly retryAt: number;

	/**
	 * @param after a wait in milliseconds, `"<n> <unit>"` or a `Date`. At least a second, at most a year
	 * @throws RangeError for an invalid duration or an invalid Date
	 */
	constructor(message: string, after: Duration | Date, options?: ErrorOptions) {
		super(message, options);
		this.retryAt =
			after instanceof Date
				? after.getTime()
				: Date.now() + milliseconds(after, "after");
		if (Number.isNaN(this.retryAt))
			throw new RangeError("RetryAfterError: after is an invalid Date");
	}
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
