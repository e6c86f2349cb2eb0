/**
 * The errors that a handler throws to steer its retries. They are known by the property `tidings`, not
 * by class, so that they keep their meaning over a service binding and between two copies of the library.
 */
import { type Duration, milliseconds } from "../event/duration.ts";
import type { RetryWish } from "../event/outcome.ts";

/** Thrown by a handler: no further attempt would help, make it a dead letter at once. */
export class NonRetryableError extends Error {
	override readonly name = "NonRetryableError";
	readonly tidings = "non_retryable";
}

/** Thrown by a handler: try again after this long, or at this time, within the handler's limits. */
export class RetryAfterError extends Error {
	override readonly name = "RetryAfterError";
	readonly tidings = "retry_after";
	/** When to try next, in epoch milliseconds. */
	readonly retryAt: number;

	/**
	 * @param after a wait in milliseconds or as `"<n> <unit>"`, or a `Date`; at least a second, at most a year
	 * @throws RangeError for what is no duration, and for an invalid Date
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

/** What a thrown value asks for, by its brand; `undefined` for any other. */
export function retryWishOf(thrown: unknown): RetryWish | undefined {
	try {
		const { tidings, retryAt } = Object(thrown);
		if (tidings === "non_retryable") return { stop: true };
		if (tidings === "retry_after" && Number.isFinite(retryAt))
			return { retryAt };
	} catch {
		// A getter of the thrown value threw: it asks for nothing.
	}
	return undefined;
}
