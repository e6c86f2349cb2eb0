/** Step 6: decide what an attempt's outcome comes to. Pure: it sends nothing and waits for nothing. */
import type { Cause } from "../event/envelope.ts";
import { type Failure, serializeError } from "../event/failure.ts";
import {
	CRASH_SLACK,
	DEPLOY_GRACE,
	LONGEST_PAUSE,
	LONGEST_WAIT,
	SHORTEST_WAIT,
	WORKER_GRACE,
} from "../event/limits.ts";
import type { Outcome } from "../event/outcome.ts";
import { type Policy, waitBefore } from "../handlers/retry-policy.ts";

export type Decision =
	| { type: "delivered" }
	| { type: "retry"; wait: number; error: Failure }
	| { type: "dead"; cause: Cause; error: Failure };

/**
 * @param attempt which attempt ended, counted from 1
 * @param firstAttemptAt when the first one began, in epoch milliseconds
 * @param random a draw from [0, 1) for the wait's jitter
 */
export function decide(
	outcome: Outcome,
	policy: Policy,
	attempt: number,
	firstAttemptAt: number,
	now: number,
	random: number,
): Decision {
	switch (outcome.type) {
		case "delivered":
			return { type: "delivered" };
		case "unparsable":
			return {
				type: "dead",
				cause: "schema_violation",
				error: serializeError(
					new Error("the body no longer parses by the handler's schema"),
					outcome.issues,
				),
			};
		case "timed_out":
			return again(
				{
					name: "TimeoutError",
					message: `the handler did not end within ${outcome.timeout} ms`,
				},
				undefined,
			);
		case "failed": {
			const { error, asks } = outcome;
			if (asks && "stop" in asks)
				return { type: "dead", cause: "non_retryable", error };
			return again(error, asks?.retryAt);
		}
		case "crashed":
			return mayBegin(policy, attempt + 1)
				? after(CRASH_WAIT, outcome.error)
				: { type: "dead", cause: "crashed", error: outcome.error };
	}

	function again(error: Failure, retryAt: number | undefined): Decision {
		if (policy.limit !== null && attempt > policy.limit)
			return { type: "dead", cause: "exhausted", error };
		const wait =
			retryAt === undefined
				? waitBefore(policy, attempt, random)
				: Math.min(Math.max(SHORTEST_WAIT, retryAt - now), LONGEST_WAIT);
		return after(wait, error);
	}

	function after(wait: number, error: Failure): Decision {
		if (policy.maxAge !== null && now + wait > firstAttemptAt + policy.maxAge)
			return { type: "dead", cause: "expired", error };
		return { type: "retry", wait, error };
	}
}

/** An attempt that crashed its Worker is followed by the next after this long, in milliseconds. */
const CRASH_WAIT = 120_000;

/**
 * Whether this attempt may begin. Past the policy's limit are only attempts that never came back, or that an
 * outage kept from being made: some of those are allowed, lest an outage bury what was never tried.
 */
export function mayBegin(policy: Policy, attempt: number): boolean {
	return policy.limit === null || attempt <= policy.limit + 1 + CRASH_SLACK;
}

/** The shortest wait, in milliseconds: clocks differ, and may take turns to be early. */
const SHORTEST_PAUSE = 60_000;

/**
 * The next wait for a deploy that can run what this one cannot: as long as it has waited, until an hour is
 * over, and a minute at the least. Undefined when the hour is over.
 */
export function waitForDeploy(waited: number): number | undefined {
	return pause(waited, DEPLOY_GRACE, DEPLOY_GRACE);
}

/**
 * The next wait for a Worker that does not answer: as long as it has waited, an hour at the most, until a day
 * is over, and a minute at the least. Undefined when the day is over.
 */
export function waitForWorker(waited: number): number | undefined {
	return pause(waited, WORKER_GRACE, LONGEST_PAUSE);
}

function pause(
	waited: number,
	grace: number,
	longest: number,
): number | undefined {
	return waited < grace
		? Math.max(SHORTEST_PAUSE, Math.min(waited, longest, grace - waited))
		: undefined;
}
