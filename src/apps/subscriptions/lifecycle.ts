/**
 * Decides when an app event starts and stops: the first subscriber starts it, the last one stops it. It is pure: it
 * must not store anything or make an attempt; `lifecycle-runner.ts` does.
 */
import { decide } from "../../consume/decide.ts";
import type { Failure } from "../../event/failure.ts";
import { MAX_TIMEOUT } from "../../event/limits.ts";
import type { AttemptOutcome } from "../../event/outcome.ts";
import type { Policy } from "../../handlers/retry-policy.ts";
import type { Phase, Subscribed } from "./subscription.ts";

/** The stored state of an event's lifecycle, as plain data. Times are epoch milliseconds. */
export interface Lifecycle {
	phase: Phase;
	/** The number of the last attempt of `start` or `stop`, so that a late outcome of an earlier one is ignored. */
	attempt: number;
	/** While an attempt runs: the time after which it counts as lost. */
	endsBy?: number;
	/** Failed attempts in a row in this phase. */
	failures: number;
	/** When the next attempt of this phase begins. */
	nextAt: number;
	/** A `start` was interrupted. It may have had effects outside, which a successful `start` or `stop` settles. */
	wasInterrupted?: true;
	error?: Failure;
	startedAt?: number;
	poll?: Poll;
}

interface Poll {
	every: number;
	nextAt: number;
	failures: number;
}

export const INITIAL: Lifecycle = {
	phase: "stopped",
	attempt: 0,
	failures: 0,
	nextAt: 0,
};

/** After this long without an outcome an attempt is lost, in milliseconds: the longest timeout and its call. */
export const ATTEMPT_TIME = MAX_TIMEOUT + 15_000;

/** The longest wait that `start` or `stop` can request, in milliseconds. */
const LONGEST_REQUESTED = 86_400_000;

/** Retried until it succeeds: after a second, doubling to five minutes. */
const POLICY: Policy = {
	limit: null,
	maxAge: null,
	backoff: "exponential",
	base: 1_000,
	max: 300_000,
	jitter: false,
};

/** Applies the time and the presence of subscribers. Returns the same object if nothing changes. */
export function advance(
	life: Lifecycle,
	hasSubscribers: boolean,
	now: number,
): Lifecycle {
	if (life.endsBy !== undefined)
		return life.endsBy > now
			? life
			: advance(lost(life, now), hasSubscribers, now);
	switch (life.phase) {
		case "stopped":
			return hasSubscribers ? enter("starting", life, now) : life;
		case "starting":
			if (hasSubscribers) return life;
			// A start that reported its failure has left nothing to stop.
			return enter(life.wasInterrupted ? "stopping" : "stopped", life, now);
		case "running":
			return hasSubscribers ? life : enter("stopping", life, now);
		case "stopping":
			// Even if there are subscribers again: an event that is half stopped cannot be started.
			return life;
	}
}

/** Stops a running event. With subscribers it then starts again, with the new arguments of `start`. */
export function restart(life: Lifecycle, now: number): Lifecycle {
	return life.phase === "running" ? enter("stopping", life, now) : life;
}

/** Begins the attempt that is due. The caller must store the result before it makes the attempt. */
export function beginAttempt(
	life: Lifecycle,
	now: number,
): { life: Lifecycle; part: "start" | "stop" } | undefined {
	if (life.endsBy !== undefined || life.nextAt > now) return undefined;
	const part = PART_OF_PHASE[life.phase];
	if (!part) return undefined;
	const { poll: _, ...rest } = life;
	const attempt = life.attempt + 1;
	return { part, life: { ...rest, attempt, endsBy: now + ATTEMPT_TIME } };
}

const PART_OF_PHASE = {
	stopped: undefined,
	starting: "start",
	running: undefined,
	stopping: "stop",
} as const;

/** Records the outcome of an attempt. A late outcome changes nothing. */
export function recordOutcome(
	life: Lifecycle,
	attempt: number,
	outcome: AttemptOutcome,
	now: number,
): Lifecycle {
	if (life.attempt !== attempt || life.endsBy === undefined) return life;
	switch (outcome.type) {
		case "delivered":
			return life.phase === "starting"
				? running(life, now)
				: enter("stopped", life, now);
		case "crashed":
			// The call was interrupted, but its code may still run until its time is over.
			return { ...life, error: outcome.error };
		case "timed_out":
			return retry({ ...life, wasInterrupted: true }, outcome, now);
		case "failed":
		case "unparsable":
		case "unknown_handler":
			return retry(life, outcome, now);
	}
}

function lost(life: Lifecycle, now: number): Lifecycle {
	const outcome = { type: "failed", error: life.error ?? INTERRUPTED } as const;
	return retry({ ...life, wasInterrupted: true }, outcome, now);
}

const INTERRUPTED: Failure = {
	name: "Error",
	message: "the attempt was interrupted and its outcome is unknown",
};

function retry(
	life: Lifecycle,
	result: AttemptOutcome,
	now: number,
): Lifecycle {
	const { endsBy: _, ...rest } = life;
	const failures = life.failures + 1;
	const delivery = { handler: "", attempt: failures };
	const attempted = { result, delivery, policy: POLICY, startedAt: now };
	const fate = decide(attempted, now, 0);
	if (fate.type !== "retry" && fate.type !== "dead") return life;
	// An attempt that rejects retries is still retried, at the longest interval: the event has subscribers.
	const wait = fate.type === "retry" ? fate.wait : POLICY.max;
	const nextAt = now + Math.min(wait, LONGEST_REQUESTED);
	return { ...rest, failures, nextAt, error: fate.error };
}

function enter(phase: Phase, { attempt }: Lifecycle, now: number): Lifecycle {
	return { phase, attempt, failures: 0, nextAt: now };
}

function running({ poll, ...life }: Lifecycle, now: number): Lifecycle {
	return {
		...enter("running", life, now),
		startedAt: now,
		...(poll && { poll: { ...poll, nextAt: now + poll.every } }),
	};
}

/** When the next work is due. */
export function nextWakeAt(life: Lifecycle): number | undefined {
	if (life.endsBy !== undefined) return life.endsBy;
	switch (life.phase) {
		case "stopped":
			return undefined;
		case "starting":
		case "stopping":
			return life.nextAt;
		case "running":
			return life.poll?.nextAt;
	}
}

/**
 * Answers a subscribe. Returns undefined while an attempt is awaited.
 *
 * @param isAwaited whether an outcome of the running attempt can still arrive
 */
export function answerSubscriber(
	life: Lifecycle,
	isAwaited: boolean,
): Omit<Subscribed, "id"> | undefined {
	switch (life.phase) {
		case "running":
			return { state: "active" };
		case "stopped":
			return { state: "pending" };
		case "starting":
		case "stopping":
			if (isAwaited || (life.endsBy === undefined && life.failures === 0))
				return undefined;
			return { state: "pending", error: FAILURES[life.phase] };
	}
}

/** Subscribers of other apps must not see what the app of the event threw. */
const FAILURES = {
	starting: { code: "start_failed", message: failureMessage("start") },
	stopping: { code: "stop_failed", message: failureMessage("stop") },
} as const;

function failureMessage(part: string): string {
	return `the ${part} of the event failed, and is retried; the log of the owner says why`;
}

/** Polls from now on. Returns undefined unless `start` or the event runs. */
export function setPoll(
	life: Lifecycle,
	every: number,
	now: number,
): Lifecycle | undefined {
	const isStarting = life.phase === "starting" && life.endsBy !== undefined;
	return isStarting || life.phase === "running"
		? { ...life, poll: { every, nextAt: now + every, failures: 0 } }
		: undefined;
}

export function isPollDue({ phase, poll }: Lifecycle, now: number): boolean {
	return phase === "running" && poll !== undefined && poll.nextAt <= now;
}

/** Records that the due poll was sent, or plans its retry. Missed polls are skipped. */
export function recordPoll(
	life: Lifecycle,
	isSent: boolean,
	now: number,
): Lifecycle {
	const { poll } = life;
	if (!poll || !isPollDue(life, now)) return life;
	const failures = isSent ? 0 : poll.failures + 1;
	const missed = Math.floor((now - poll.nextAt) / poll.every);
	const nextAt = isSent
		? poll.nextAt + (missed + 1) * poll.every
		: now + Math.min(POLICY.base * 2 ** (failures - 1), POLICY.max);
	return { ...life, poll: { ...poll, nextAt, failures } };
}
