/** Decides the fate of a delivery from the result of its attempt. Pure and total: it sends nothing and reads no clock. */
import type { Cause, Delivery } from "../event/envelope.ts";
import { type Failure, serializeError } from "../event/failure.ts";
import { LONGEST_WAIT, MAX_RETRIES, SHORTEST_WAIT } from "../event/limits.ts";
import type { AttemptOutcome } from "../event/outcome.ts";
import { type Policy, policyOf, waitBefore } from "../handlers/retry-policy.ts";
import {
	CRASH_WAIT,
	mayStart,
	STORE_WAIT,
	waitForDeploy,
	waitForNewerDeploy,
	waitForWorker,
} from "./waits.ts";

/** The result of an attempt that was made, or the reason why none could be made. */
export type Result =
	| AttemptOutcome
	/** The last attempts never returned, and the policy allows no further one. */
	| { type: "never_returned" }
	/** The handler's Worker does not respond. */
	| { type: "worker_unreachable" }
	/** The body is stored apart and cannot be read now. */
	| { type: "body_unreadable" }
	/** The body was stored apart and has expired. */
	| { type: "body_missing"; reference: string }
	/** The platform gave the message up after its retries. */
	| { type: "abandoned" }
	/** The subscription that the delivery is for cannot be read now. */
	| { type: "subscription_unreadable" }
	/** The subscription that the delivery is for has ended. */
	| { type: "subscription_ended" }
	/** The message has no envelope that any deploy could read. */
	| { type: "message_unreadable"; reason: string }
	/** A newer deploy wrote the message. `age` is in milliseconds; `reads` is how often it was delivered. */
	| { type: "message_newer"; version: number; age: number; reads: number };

export type ParkReason =
	| "unknown_handler"
	| "worker_unreachable"
	| "body_unreadable"
	| "subscription_unreadable"
	| "message_newer";

/** What happens to a delivery. `wait` is in milliseconds. */
export type Fate =
	| { type: "delivered" }
	/** Uses up an attempt. */
	| { type: "retry"; wait: number; error: Failure }
	/** Waits for something else to be there again. Uses up no attempt. */
	| { type: "park"; wait: number; reason: ParkReason }
	/** Becomes a dead letter after so many attempts. */
	| { type: "dead"; cause: Cause; error: Failure; attempts: number }
	| { type: "cancelled" };

export interface Attempted {
	result: Result;
	delivery: Delivery;
	/** Absent if no handler was found. */
	policy?: Policy;
	/** When this attempt started, in epoch milliseconds. */
	startedAt: number;
}

/**
 * @param now epoch milliseconds
 * @param random a number from [0, 1), for the jitter of the wait
 */
export function decide(
	{ result, delivery, policy = policyOf(), startedAt }: Attempted,
	now: number,
	random: number,
): Fate {
	const { attempt, firstAttemptAt = startedAt } = delivery;
	switch (result.type) {
		case "delivered":
			return { type: "delivered" };
		case "subscription_ended":
			return { type: "cancelled" };

		case "failed": {
			const { error, wants } = result;
			if (wants && "stop" in wants) return dead("non_retryable", error);
			return retry(error, wants?.retryAt);
		}
		case "timed_out":
			return retry(
				failure(
					"TimeoutError",
					`the handler did not end within ${result.timeout} ms`,
				),
			);
		case "unparsable":
			return dead(
				"schema_violation",
				serializeError(
					failure(
						"Error",
						"the body no longer parses with the handler's schema",
					),
					result.issues,
				),
			);

		case "crashed":
			return mayStart(policy, attempt + 1)
				? retryIn(CRASH_WAIT, result.error)
				: dead("crashed", result.error);
		case "never_returned":
			return dead(
				"crashed",
				delivery.firstFailure ??
					failure(
						"CrashedError",
						"no attempt returned: the Worker was killed or crashed each time",
					),
				attempt - 1,
			);
		case "abandoned":
			return dead(
				"abandoned",
				delivery.firstFailure ??
					failure(
						"AbandonedError",
						"the platform gave the message up: the Worker was killed or crashed with each delivery",
					),
				attempt + MAX_RETRIES,
			);

		case "unknown_handler":
			return parkOr(
				"unknown_handler",
				waitForDeploy(delivery.unknownFor ?? 0),
				"unknown_handler",
				failure(
					"UnknownHandlerError",
					`no handler ${JSON.stringify(delivery.handler)} was registered for an hour`,
				),
				attempt - 1,
			);
		case "worker_unreachable":
			return parkOr(
				"worker_unreachable",
				waitForWorker(delivery.unreachableFor ?? 0),
				"unreachable",
				failure(
					"UnreachableError",
					`the Worker of ${JSON.stringify(delivery.handler)} did not respond for a day`,
				),
				attempt - 1,
			);
		case "body_unreadable":
		case "subscription_unreadable":
			return { type: "park", wait: STORE_WAIT, reason: result.type };
		case "body_missing":
			return dead(
				"payload_missing",
				failure(
					"PayloadMissingError",
					`the body, stored as ${result.reference}, has expired`,
				),
				attempt - 1,
			);

		case "message_unreadable":
			return dead(
				"unreadable",
				failure(
					"UnreadableError",
					`the message has no readable envelope: ${result.reason}`,
				),
			);
		case "message_newer":
			return parkOr(
				"message_newer",
				waitForNewerDeploy(result.age, result.reads),
				"newer_version",
				failure(
					"UnreadableError",
					`the message's version ${result.version} is newer than this deploy`,
				),
				attempt,
			);
	}

	function dead(cause: Cause, error: Failure, attempts = attempt): Fate {
		return { type: "dead", cause, error, attempts };
	}

	function parkOr(
		reason: ParkReason,
		wait: number | undefined,
		cause: Cause,
		error: Failure,
		attempts: number,
	): Fate {
		return wait === undefined
			? dead(cause, error, attempts)
			: { type: "park", wait, reason };
	}

	/** @param retryAt the time that the handler asked for, in epoch milliseconds */
	function retry(error: Failure, retryAt?: number): Fate {
		if (policy.limit !== null && attempt > policy.limit)
			return dead("exhausted", error);
		const wait =
			retryAt === undefined
				? waitBefore(policy, attempt, random)
				: Math.min(Math.max(SHORTEST_WAIT, retryAt - now), LONGEST_WAIT);
		return retryIn(wait, error);
	}

	function retryIn(wait: number, error: Failure): Fate {
		if (policy.maxAge !== null && now + wait > firstAttemptAt + policy.maxAge)
			return dead("expired", error);
		return { type: "retry", wait, error };
	}
}

function failure(name: string, message: string): Failure {
	return { name, message };
}
