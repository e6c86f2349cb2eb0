/**
 * When an app's event starts and when it stops: the first subscriber starts it, the last one stops it. Pure:
 * it says what follows from what happened; `objects/subscriptions.ts` keeps it, and makes the attempts.
 */

import { decide } from "../../consume/decide.ts";
import type { Failure } from "../../event/failure.ts";
import { MAX_TIMEOUT } from "../../event/limits.ts";
import type { AttemptOutcome } from "../../event/outcome.ts";
import type { Policy } from "../../handlers/retry-policy.ts";
import type { Phase, Subscribed } from "./subscription.ts";

/** What is kept of an event's life, as plain data. Instants are epoch milliseconds. */
export interface Life {
	phase: Phase;
	/** How many attempts of `start` and `stop` have begun, ever: it tells a late outcome from the awaited one. */
	attempt: number;
	/** While an attempt is under way: when it is over, should its outcome never come. */
	endsBy?: number;
	/** Attempts of this phase in a row that failed. */
	failures: number;
	/** The next attempt of this phase begins then. */
	nextAt: number;
	/** A `start` was cut off: what it may have begun outside is there until it, or a `stop`, succeeds. */
	isCutOff?: true;
	error?: Failure;
	startedAt?: number;
	poll?: Poll;
}

interface Poll {
	every: number;
	nextAt: number;
	failures: number;
}

export const INITIAL: Life = {
	phase: "stopped",
	attempt: 0,
	failures: 0,
	nextAt: 0,
};

/**
 * How long an attempt counts as under way when no outcome comes, in milliseconds: the longest there is, and
 * what its call may take besides.
 */
export const ATTEMPT_TIME = MAX_TIMEOUT + 15_000;

/** A wait that `start` or `stop` asks for is no longer than this, in milliseconds. */
const LONGEST_ASKED = 86_400_000;

/** Tried again until it succeeds: after a second, doubling to five minutes. */
const POLICY: Policy = {
	limit: null,
	maxAge: null,
	backoff: "exponential",
	base: 1_000,
	max: 300_000,
	jitter: false,
};

/** What follows from the time, and from whether there are subscribers. The same object when nothing does. */
export function advance(life: Life, isWanted: boolean, now: number): Life {
	if (life.endsBy !== undefined)
		return life.endsBy > now ? life : advance(lost(life, now), isWanted, now);
	switch (life.phase) {
		case "stopped":
			return isWanted ? towards("starting", life, now) : life;
		case "starting":
			if (isWanted) return life;
			// A start that failed and said so has nothing to be stopped.
			return towards(life.isCutOff ? "stopping" : "stopped", life, now);
		case "running":
			return isWanted ? life : towards("stopping", life, now);
		case "stopping":
			// To its end, whoever has come meanwhile: what is half stopped cannot be started.
			return life;
	}
}

/** What runs is stopped and, where it is wanted, started again: what `start` was told is no longer so. */
export function restarted(life: Life, now: number): Life {
	return life.phase === "running" ? towards("stopping", life, now) : life;
}

/** With the attempt begun that is due, if one is; it must be kept before the attempt is made. */
export function beginAttempt(
	life: Life,
	now: number,
): { life: Life; which: "start" | "stop" } | undefined {
	if (life.endsBy !== undefined || life.nextAt > now) return undefined;
	const which = WHICH[life.phase];
	if (!which) return undefined;
	const { poll: _, ...kept } = life;
	const attempt = life.attempt + 1;
	return { which, life: { ...kept, attempt, endsBy: now + ATTEMPT_TIME } };
}

const WHICH = {
	stopped: undefined,
	starting: "start",
	running: undefined,
	stopping: "stop",
} as const;

/** With an attempt's outcome; one that comes too late changes nothing. */
export function recordOutcome(
	life: Life,
	attempt: number,
	outcome: AttemptOutcome,
	now: number,
): Life {
	if (life.attempt !== attempt || life.endsBy === undefined) return life;
	switch (outcome.type) {
		case "delivered":
			return life.phase === "starting"
				? running(life, now)
				: towards("stopped", life, now);
		case "crashed":
			// The call was cut off, not the code: until its time is over it may still be at work.
			return { ...life, error: outcome.error };
		case "timed_out":
			return again({ ...life, isCutOff: true }, outcome, now);
		case "failed":
		case "unparsable":
		case "unknown_handler":
			return again(life, outcome, now);
	}
}

function lost(life: Life, now: number): Life {
	const { error = CUT_OFF } = life;
	return again({ ...life, isCutOff: true }, { type: "failed", error }, now);
}

const CUT_OFF: Failure = {
	name: "Error",
	message: "the attempt was cut off, and nobody knows how it ended",
};

function again(life: Life, outcome: AttemptOutcome, now: number): Life {
	const { endsBy: _, ...kept } = life;
	const failures = life.failures + 1;
	const delivery = { handler: "", attempt: failures };
	const attempted = {
		result: outcome,
		delivery,
		policy: POLICY,
		startedAt: now,
	};
	const fate = decide(attempted, now, 0);
	if (fate.type !== "retry" && fate.type !== "dead") return life;
	// Its event has subscribers, so a start that asks for no further attempt is tried at the longest interval.
	const wait = fate.type === "retry" ? fate.wait : POLICY.max;
	const nextAt = now + Math.min(wait, LONGEST_ASKED);
	return { ...kept, failures, nextAt, error: fate.error };
}

function towards(phase: Phase, { attempt }: Life, now: number): Life {
	return { phase, attempt, failures: 0, nextAt: now };
}

function running({ attempt, poll }: Life, now: number): Life {
	return {
		...{ phase: "running", attempt, failures: 0, nextAt: now, startedAt: now },
		...(poll && { poll: { ...poll, nextAt: now + poll.every } }),
	};
}

/** When something is next to be done. */
export function wakesAt(life: Life): number | undefined {
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
 * What one who has subscribed is told; undefined while an attempt is awaited.
 *
 * @param isAwaited whether an outcome of the attempt under way can still come
 */
export function answerOf(
	life: Life,
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
			return { state: "pending", error: toldOf(life.error ?? CUT_OFF) };
	}
}

/** The stack is the business of the app whose event it is. */
function toldOf({ stack: _, ...error }: Failure): Failure {
	return error;
}

/** Polled from now on, by a `start` that is under way or by what runs. Undefined where neither is. */
export function polling(
	life: Life,
	every: number,
	now: number,
): Life | undefined {
	const isStarting = life.phase === "starting" && life.endsBy !== undefined;
	return isStarting || life.phase === "running"
		? { ...life, poll: { every, nextAt: now + every, failures: 0 } }
		: undefined;
}

export function isPollDue({ phase, poll }: Life, now: number): boolean {
	return phase === "running" && poll !== undefined && poll.nextAt <= now;
}

/** With the poll that was due sent, or to be tried again; those that were missed are left out. */
export function polled(life: Life, isSent: boolean, now: number): Life {
	const { poll } = life;
	if (!poll || !isPollDue(life, now)) return life;
	const failures = isSent ? 0 : poll.failures + 1;
	const missed = Math.floor((now - poll.nextAt) / poll.every);
	const nextAt = isSent
		? poll.nextAt + (missed + 1) * poll.every
		: now + Math.min(POLICY.base * 2 ** (failures - 1), POLICY.max);
	return { ...life, poll: { ...poll, nextAt, failures } };
}
