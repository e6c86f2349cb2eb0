/** Decides the fate of a delivery from the result of its attempt. Pure and total: it sends nothing and reads no clock. */
import type { Cause, Delivery, Unreadable } from "../event/envelope.ts";
import { type Failure, serializeError } from "../event/failure.ts";
import { LONGEST_WAIT, MAX_RETRIES, SHORTEST_WAIT } from "../event/limits.ts";
import { type AttemptOutcome, timeoutText } from "../event/outcome.ts";
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
	/** This deploy lacks the extension that the event belongs to. */
	| { type: "extension_missing"; remedy: string }
	/** The subscription that the delivery is for cannot be read now. */
	| { type: "subscription_unreadable" }
	/** The subscription that the delivery is for has ended. */
	| { type: "subscription_ended" };

type ParkReason =
	| "unknown_handler"
	| "worker_unreachable"
	| "body_unreadable"
	| "subscription_unreadable";

/** What happens to a delivery. `wait` is in milliseconds. */
export type Fate =
	| { type: "delivered" }
	/** Uses up an attempt. */
	| { type: "retry"; wait: number; error: Failure }
	/** Waits for something else to be there again. Uses up no attempt. */
	| { type: "park"; wait: number; reason: ParkReason }
	/**
	 * Becomes a dead letter. `attempts` counts attempts that were, or may have been, made. If this attempt was not made,
	 * it is `attempt - 1`. For `abandoned` it includes the platform's retries.
	 */
	| {
			type: "dead";
			cause: Cause;
			error: Failure;
			attempts: number;
			/** Whether this attempt was made, so that its start is known. */
			wasAttempted: boolean;
	  }
	| { type: "cancelled" };

interface Attempted {
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
	{ result, delivery, policy = DEFAULT_POLICY, startedAt }: Attempted,
	now: number,
	random: number,
): Fate {
	const { attempt, firstAttemptAt = startedAt } = delivery;
	const last = { attempt, policy, firstAttemptAt, now, random };
	switch (result.type) {
		case "delivered":
			return { type: "delivered" };
		case "subscription_ended":
			return { type: "cancelled" };

		case "failed": {
			const { error, wants } = result;
			if (wants && "stop" in wants)
				return dead("non_retryable", error, attempt);
			return retry(last, error, wants?.retryAt);
		}
		case "timed_out": {
			const message = `the handler did not end ${timeoutText(result)}`;
			return retry(last, { name: "TimeoutError", message });
		}
		case "unparsable": {
			const message = "the body no longer parses with the handler's schema";
			const error = { name: "Error", message };
			const failure = serializeError(error, result.issues);
			return dead("schema_violation", failure, attempt);
		}

		case "crashed":
			return mayStart(policy, attempt + 1)
				? retryIn(CRASH_WAIT, last, result.error)
				: dead("crashed", result.error, attempt);
		case "never_returned": {
			const message =
				"no attempt returned a result; each time the Worker crashed, or the result could not be stored";
			const crash = { name: "CrashedError", message };
			return deadUntried(
				"crashed",
				delivery.firstFailure ?? crash,
				attempt - 1,
			);
		}

		case "extension_missing":
		case "unknown_handler": {
			const wait = waitForDeploy(delivery.unknownFor ?? 0);
			if (wait !== undefined) return park("unknown_handler", wait);
			const remedy = "remedy" in result ? `: ${result.remedy}` : "";
			const message = `no handler ${JSON.stringify(delivery.handler)} was registered for an hour${remedy}`;
			const error = { name: "UnknownHandlerError", message };
			return deadUntried("unknown_handler", error, attempt - 1);
		}
		case "worker_unreachable": {
			const wait = waitForWorker(delivery.unreachableFor ?? 0);
			if (wait !== undefined) return park("worker_unreachable", wait);
			const message = `the Worker of ${JSON.stringify(delivery.handler)} did not respond for a day`;
			const error = { name: "UnreachableError", message };
			return deadUntried("unreachable", error, attempt - 1);
		}
		case "body_unreadable":
		case "subscription_unreadable":
			return park(result.type, STORE_WAIT);
		case "body_missing": {
			const message = `the body, stored as ${result.reference}, has expired`;
			const error = { name: "PayloadMissingError", message };
			return deadUntried("payload_missing", error, attempt - 1);
		}
	}
}

const DEFAULT_POLICY = policyOf();

/** What happens to a message that this deploy cannot read. `wait` is in milliseconds, in the message's own queue. */
export type UnreadableFate =
	| { type: "wait"; wait: number }
	| (Fate & { type: "dead" });

/**
 * A message that a newer deploy wrote waits for that deploy. One that no deploy can read becomes a dead letter.
 *
 * @param message `age` is in milliseconds, `reads` counts its deliveries; `mayWait` is false where a wait could lose it
 */
export function decideUnreadable(
	unreadable: Unreadable,
	{ age, reads, mayWait }: { age: number; reads: number; mayWait: boolean },
): UnreadableFate {
	const name = "UnreadableError";
	if (unreadable.kind === "unreadable") {
		const message = `the message has no readable envelope: ${unreadable.reason}`;
		return deadUntried("unreadable", { name, message }, reads);
	}
	const wait = mayWait ? waitForNewerDeploy(age, reads) : undefined;
	if (wait !== undefined) return { type: "wait", wait };
	const message = `the message's version ${unreadable.version} is newer than this deploy`;
	return deadUntried("newer_version", { name, message }, reads);
}

/** A delivery whose message the platform gave up becomes a dead letter. */
export function decideAbandoned({
	attempt,
	firstFailure,
}: Delivery): Fate & { type: "dead" } {
	const message =
		"the platform gave the message up: the Worker was killed or crashed with each delivery";
	const error = firstFailure ?? { name: "AbandonedError", message };
	return deadUntried("abandoned", error, attempt + MAX_RETRIES);
}

/** The attempt that failed, and the inputs for the next one. */
interface LastAttempt {
	attempt: number;
	policy: Policy;
	firstAttemptAt: number;
	now: number;
	random: number;
}

/**
 * Counts attempts, including redeliveries with an unknown result. `mayStart` allows some more of those.
 *
 * @param retryAt the time that the handler asked for, in epoch milliseconds
 */
function retry(last: LastAttempt, error: Failure, retryAt?: number): Fate {
	const { attempt, policy, now, random } = last;
	if (policy.limit !== null && attempt > policy.limit)
		return dead("exhausted", error, attempt);
	const wait =
		retryAt === undefined
			? waitBefore(policy, attempt, random)
			: Math.min(Math.max(SHORTEST_WAIT, retryAt - now), LONGEST_WAIT);
	return retryIn(wait, last, error);
}

function retryIn(least: number, last: LastAttempt, error: Failure): Fate {
	const { attempt, policy, firstAttemptAt, now } = last;
	// A queue delays by whole seconds.
	const wait = Math.ceil(least / 1_000) * 1_000;
	if (policy.maxAge !== null && now + wait > firstAttemptAt + policy.maxAge)
		return dead("expired", error, attempt);
	return { type: "retry", wait, error };
}

function park(reason: ParkReason, wait: number): Fate {
	return { type: "park", wait, reason };
}

/** The end of a delivery whose attempt was made. */
function dead(
	cause: Cause,
	error: Failure,
	attempts: number,
): Fate & { type: "dead" } {
	return { type: "dead", cause, error, attempts, wasAttempted: true };
}

/** The end of a delivery whose attempt was not made now. */
function deadUntried(
	cause: Cause,
	error: Failure,
	attempts: number,
): Fate & { type: "dead" } {
	return { ...dead(cause, error, attempts), wasAttempted: false };
}
