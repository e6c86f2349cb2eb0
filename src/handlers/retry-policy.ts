/** Retry policies: their options, their validation and their waits. Pure. */
import { type Duration, milliseconds } from "../event/duration.ts";
import { RefusedError } from "../event/errors.ts";
import { LONGEST_WAIT } from "../event/limits.ts";
import { rejectUnknownKeys } from "../event/validation.ts";

/** A number of retries, or the whole policy. */
export type Retries = number | RetryOptions;

export interface RetryOptions {
	/** Retries after the first attempt, 0 or more. Default 10; without a limit if `maxAge` is given. */
	limit?: number | undefined;
	/** How waits grow. Default `"exponential"`. A list gives each wait; the last one repeats. */
	backoff?:
		| "exponential"
		| "constant"
		| "linear"
		| readonly Duration[]
		| undefined;
	/** The first wait. Default 5 seconds. Ignored for a list of waits. */
	base?: Duration | undefined;
	/** The longest wait. Default one hour, or `base` if that is longer. Ignored for a list. */
	max?: Duration | undefined;
	/** No retry starts later than this after the first attempt started. Default: no limit. */
	maxAge?: Duration | undefined;
	/** Draws each wait evenly from three quarters to all of the computed one. Default: only for `"exponential"`. */
	jitter?: boolean | undefined;
}

/** A complete policy as plain data, in milliseconds. `null` means no limit. */
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

/**
 * Returns the complete policy.
 *
 * @throws RefusedError `invalid_handler`
 */
export function policyOf(retries: Retries = {}): Policy {
	const options = typeof retries === "number" ? { limit: retries } : retries;
	if (typeof options !== "object" || options === null || Array.isArray(options))
		throw refusal(
			`${JSON.stringify(options)} is neither a number of retries nor a policy; use 3, or { limit: 3, base: "5 seconds" }`,
		);
	const {
		limit,
		backoff = "exponential",
		maxAge,
		jitter = backoff === "exponential",
	} = options;
	rejectUnknownKeys("retries", options, MEMBERS, "invalid_handler");
	if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))
		throw refusal(
			`limit: ${limit} is not a number of retries; use a whole number from 0`,
		);
	if (
		Array.isArray(backoff)
			? backoff.length === 0
			: !KINDS.includes(`${backoff}`)
	)
		throw refusal(
			`backoff: ${JSON.stringify(backoff)} is not a backoff; use ${KINDS.join(", ")} or a list of waits`,
		);
	if (typeof jitter !== "boolean")
		throw refusal(
			`jitter: ${JSON.stringify(jitter)} is not a boolean; use true or false`,
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

/**
 * Reads the policy that another Worker lists.
 *
 * @throws RefusedError `invalid_handler` if it is not a policy
 */
export function policyFrom(listed: Policy): Policy {
	const { limit, maxAge, backoff, base, max, jitter } = listed;
	return policyOf({
		limit: limit ?? undefined,
		maxAge: maxAge ?? undefined,
		backoff,
		base,
		max,
		jitter,
	});
}

/**
 * Returns the wait before a retry, in milliseconds.
 *
 * @param retry counted from 1
 * @param random a number from [0, 1)
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

/** @throws RefusedError `invalid_handler` if the option is not a duration */
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
	throw refusal(
		`${what}: ${JSON.stringify(duration)} is longer than a year; use at most a year`,
	);
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `retries: ${why}`);
}
