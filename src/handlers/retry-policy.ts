/** How a handler's failed attempts are retried: the options, the policy they come to, and its waits. */
import { type Duration, milliseconds } from "../event/duration.ts";
import { RefusedError } from "../event/errors.ts";
import { LONGEST_WAIT } from "../event/limits.ts";
import { rejectUnknownKeys } from "../event/validation.ts";

/** A number of retries, or the whole policy. */
export type Retries = number | RetryOptions;

export interface RetryOptions {
	/** Retries after the first attempt, 0 or more. Default 10; none where `maxAge` is given. */
	limit?: number | undefined;
	/** How waits grow. Default `"exponential"`. A list gives each wait, the last one repeating. */
	backoff?:
		| "exponential"
		| "constant"
		| "linear"
		| readonly Duration[]
		| undefined;
	/** The first wait. Default 5 seconds. A list of waits has no need of it. */
	base?: Duration | undefined;
	/** The longest wait. Default one hour, or `base` where that is longer; a list is not cut. */
	max?: Duration | undefined;
	/** No retry begins later than this after the first attempt began. Default: no such bound. */
	maxAge?: Duration | undefined;
	/** Draw each wait evenly from three quarters to all of the computed one. Default: only with `"exponential"`. */
	jitter?: boolean | undefined;
}

/** A policy in full: plain data, in milliseconds. */
export interface Policy {
	limit: number | null;
	maxAge: number | null;
	backoff: "exponential" | "constant" | "linear" | readonly number[];
	base: number;
	max: number;
	jitter: boolean;
}

const DEFAULT_LIMIT = 10;
const DEFAULT_BASE = 5_000;
const DEFAULT_MAX = 3_600_000;

const MEMBERS = ["limit", "backoff", "base", "max", "maxAge", "jitter"];
const KINDS = ["exponential", "constant", "linear"];

/** @throws RefusedError `invalid_handler` */
export function policyOf(retries: Retries = {}): Policy {
	const options = typeof retries === "number" ? { limit: retries } : retries;
	if (typeof options !== "object" || options === null || Array.isArray(options))
		throw refusal(
			`${JSON.stringify(options)} is neither a number of retries nor a policy`,
		);
	const {
		limit,
		backoff = "exponential",
		maxAge,
		jitter = backoff === "exponential",
	} = options;
	rejectUnknownKeys("retries", options, MEMBERS, "invalid_handler");
	if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))
		throw refusal(`limit: ${limit} is not a whole number of 0 or more`);
	if (
		Array.isArray(backoff)
			? backoff.length === 0
			: !KINDS.includes(`${backoff}`)
	)
		throw refusal(
			`backoff: ${JSON.stringify(backoff)} is neither ${KINDS.join(", ")} nor a list of waits`,
		);
	if (typeof jitter !== "boolean")
		throw refusal(
			`jitter: ${JSON.stringify(jitter)} is neither true nor false`,
		);
	const base = waitOf(options.base ?? DEFAULT_BASE, "retries: base");
	return {
		limit: limit ?? (maxAge === undefined ? DEFAULT_LIMIT : null),
		maxAge:
			maxAge === undefined ? null : optionDuration(maxAge, "retries: maxAge"),
		backoff:
			typeof backoff === "string"
				? backoff
				: backoff.map((wait) => waitOf(wait, "retries: backoff")),
		base,
		max: waitOf(options.max ?? Math.max(DEFAULT_MAX, base), "retries: max"),
		jitter,
	};
}

/** A policy as another Worker's deploy has it. @throws RefusedError `invalid_handler` where it is none */
export function policyFrom(told: Policy): Policy {
	const { limit, maxAge, backoff, base, max, jitter } = told;
	return policyOf({
		limit: limit ?? undefined,
		maxAge: maxAge ?? undefined,
		...{ backoff, base, max, jitter },
	});
}

/**
 * The wait before a retry, in milliseconds.
 *
 * @param retry which retry it is, counted from 1
 * @param random a draw from [0, 1)
 */
export function waitBefore(
	policy: Policy,
	retry: number,
	random: number,
): number {
	const wait = computedWait(policy, retry);
	return policy.jitter ? Math.ceil(wait * (0.75 + 0.25 * random)) : wait;
}

function computedWait({ backoff, base, max }: Policy, retry: number): number {
	if (typeof backoff !== "string")
		return backoff[Math.min(retry, backoff.length) - 1] ?? base;
	switch (backoff) {
		case "exponential":
			return Math.min(max, base * 2 ** (retry - 1));
		case "linear":
			return Math.min(max, base * retry);
		case "constant":
			return Math.min(max, base);
	}
}

/** Whether retries can still come later than `span` milliseconds after the first attempt. */
export function reachesPast(policy: Policy, span: number): boolean {
	if (policy.maxAge !== null && policy.maxAge <= span) return false;
	let reached = 0;
	for (let retry = 1; reached <= span; retry++) {
		if (policy.limit !== null && retry > policy.limit) return false;
		// A queue counts whole seconds, so no wait is shorter than one.
		reached += Math.max(1_000, computedWait(policy, retry));
	}
	return true;
}

/** @throws RefusedError `invalid_handler` when the option is no duration */
export function optionDuration(duration: Duration, what: string): number {
	try {
		return milliseconds(duration, what);
	} catch (error) {
		throw new RefusedError("invalid_handler", (error as Error).message);
	}
}

function waitOf(duration: Duration, what: string): number {
	const wait = optionDuration(duration, what);
	if (wait <= LONGEST_WAIT) return wait;
	throw refusal(`${what}: ${JSON.stringify(duration)} is over a year`);
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `retries: ${why}`);
}
