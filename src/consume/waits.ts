/** The waits that are not a retry policy's, all in milliseconds, and the bound on attempts. Pure. */
import {
	CLOCK_SKEW,
	CRASH_RETRIES,
	DEPLOY_GRACE,
	LONGEST_PAUSE,
	WORKER_GRACE,
} from "../event/limits.ts";
import type { Policy } from "../handlers/retry-policy.ts";

/** The wait after an attempt that crashed its Worker. */
export const CRASH_WAIT = 120_000;

/** The wait for a store that cannot be read now. */
export const STORE_WAIT = 60_000;

/**
 * Whether this attempt may start. Attempts past the limit are those that never returned, or that an outage prevented.
 * `CRASH_RETRIES` of them are allowed, so that an outage does not bury a delivery that was never tried.
 */
export function mayStart(policy: Policy, attempt: number): boolean {
	return policy.limit === null || attempt <= policy.limit + 1 + CRASH_RETRIES;
}

/** The shortest wait for a deploy or a Worker. It is not 0 or negative if the clock of another machine is ahead. */
const SHORTEST_PARK = CLOCK_SKEW;

/**
 * The next wait for a deploy that has the handler. Each wait equals the time waited so far, so waits double, up to an
 * hour in total.
 */
export function waitForDeploy(waited: number): number | undefined {
	return nextWait(waited, DEPLOY_GRACE, DEPLOY_GRACE);
}

/** A message of a newer version that is over an hour old is read this often, with this wait. */
const NEWER_READS = 7;
const NEWER_WAIT = 600_000;

/**
 * The next wait for a deploy that can read a message. An old message may be new to this deploy, so it is read several
 * times at any age.
 */
export function waitForNewerDeploy(
	age: number,
	reads: number,
): number | undefined {
	return waitForDeploy(age) ?? (reads < NEWER_READS ? NEWER_WAIT : undefined);
}

/** The next wait for a Worker that does not respond. Waits double up to an hour each, up to a day in total. */
export function waitForWorker(waited: number): number | undefined {
	return nextWait(waited, WORKER_GRACE, LONGEST_PAUSE);
}

function nextWait(
	waited: number,
	grace: number,
	longest: number,
): number | undefined {
	return waited < grace
		? Math.max(SHORTEST_PARK, Math.min(waited, longest, grace - waited))
		: undefined;
}
