import { describe, expect, test } from "vitest";
import { decide, mayBegin } from "../../src/consume/decide.ts";
import { CRASH_SLACK } from "../../src/event/limits.ts";
import {
	crashed,
	failed as failedWith,
	type Outcome,
} from "../../src/event/outcome.ts";
import {
	NonRetryableError,
	RetryAfterError,
} from "../../src/handlers/handler-errors.ts";
import {
	policyOf,
	type Retries,
	waitBefore,
} from "../../src/handlers/retry-policy.ts";

const FIRST = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Three retries a minute apart, none later than an hour after the first attempt. */
const POLICY = {
	backoff: "constant",
	base: "1 minute",
	limit: 3,
	maxAge: "1 hour",
} as const;

const failed = failedWith(new Error("closed"));
const late: Outcome = { type: "timed_out", timeout: 5_000 };
const stop = failedWith(new NonRetryableError("no use"));
const unparsable: Outcome = {
	type: "unparsable",
	issues: [{ path: "total", message: "expected number" }],
};
const delivered: Outcome = { type: "delivered" };

/** Asks to be tried again so long after the first attempt began. */
const askedAt = (passed: number): Outcome =>
	failedWith(new RetryAfterError("busy", new Date(FIRST + passed)));

/** When an attempt ended: which one, and how long after the first one began. */
interface At {
	attempt?: number;
	passed?: number;
	retries?: Retries;
}

const again = (wait: number) => ({ type: "retry", wait });
const dead = (cause: string) => ({ type: "dead", cause });

function decided(outcome: Outcome, at: At = {}) {
	const { attempt = 1, passed = 0, retries = POLICY } = at;
	const policy = policyOf(retries);
	return decide(outcome, policy, attempt, FIRST, FIRST + passed, 0);
}

test("success ends a delivery, past every limit too", () => {
	expect(decided(delivered)).toEqual(delivered);
	expect(decided(delivered, { attempt: 99, passed: DAY })).toEqual(delivered);
});

const ageOnly = { backoff: "constant", base: MINUTE, maxAge: HOUR } as const;
const limitOnly = { backoff: "constant", base: MINUTE, limit: 1 } as const;

describe.each([
	["a failure", failed],
	["an overrun", late],
])("%s", (_, outcome) => {
	test.for<[claim: string, at: At, comes: object]>([
		["is tried again", {}, again(MINUTE)],
		["is tried again at attempt = limit", { attempt: 3 }, again(MINUTE)],
		["is exhausted one attempt later", { attempt: 4 }, dead("exhausted")],
		["is exhausted without retries", { retries: 0 }, dead("exhausted")],
		[
			"is tried again where the wait ends at maxAge",
			{ passed: HOUR - MINUTE },
			again(MINUTE),
		],
		[
			"has expired where the wait ends a millisecond later",
			{ passed: HOUR - MINUTE + 1 },
			dead("expired"),
		],
		[
			"is exhausted rather than expired where it is both",
			{ attempt: 4, passed: DAY },
			dead("exhausted"),
		],
		[
			"is tried again at any attempt where only maxAge bounds it",
			{ attempt: 5_000, retries: ageOnly },
			again(MINUTE),
		],
		[
			"is tried again at any age where only limit bounds it",
			{ passed: 400 * DAY, retries: limitOnly },
			again(MINUTE),
		],
	])("%s", ([, at, comes]) => {
		expect(decided(outcome, at)).toMatchObject(comes);
	});
});

describe("RetryAfterError", () => {
	const passed = 5 * MINUTE;
	test.for<[claim: string, outcome: Outcome, at: At, comes: object]>([
		[
			"says when, whatever the policy's wait",
			askedAt(20 * MINUTE),
			{ passed },
			again(15 * MINUTE),
		],
		["in the past means in a second", askedAt(-HOUR), {}, again(1_000)],
		["at maxAge is followed", askedAt(HOUR), { passed }, again(HOUR - passed)],
		["beyond maxAge has expired", askedAt(HOUR + 1), {}, dead("expired")],
		[
			"in the past has expired once maxAge is over",
			askedAt(0),
			{ passed: HOUR + 1 },
			dead("expired"),
		],
		[
			"gives no retry past the limit",
			askedAt(HOUR),
			{ attempt: 4 },
			dead("exhausted"),
		],
		[
			"may ask for more than the longest wait",
			askedAt(30 * HOUR),
			{ retries: 1 },
			again(30 * HOUR),
		],
		[
			"gets a wait of a year at the most",
			askedAt(400 * DAY),
			{ retries: 1 },
			again(365 * DAY),
		],
		[
			"without a time leaves the wait to the policy",
			failedWith({ tidings: "retry_after" }),
			{},
			again(MINUTE),
		],
	])("%s", ([, outcome, at, comes]) => {
		expect(decided(outcome, at)).toMatchObject(comes);
	});
});

test("NonRetryableError ends a delivery at once, and is the cause past the limits too", () => {
	const unclassed = failedWith({ tidings: "non_retryable" });
	for (const outcome of [stop, unclassed])
		for (const at of [{}, { attempt: 4 }, { attempt: 4, passed: DAY }])
			expect(decided(outcome, at)).toMatchObject(dead("non_retryable"));
});

test("a body that no longer parses ends a delivery at once, with its issues", () => {
	for (const at of [{}, { attempt: 4, passed: DAY }])
		expect(decided(unparsable, at)).toEqual({
			...dead("schema_violation"),
			error: {
				name: "Error",
				message: "the body no longer parses by the handler's schema",
				stack: expect.any(String),
				issues: [{ path: "total", message: "expected number" }],
			},
		});
});

describe("an attempt that did not come back", () => {
	const gone = crashed(new Error("the call was cut off"));
	const slack = 4 + CRASH_SLACK;
	test.for<[claim: string, at: At, comes: object]>([
		["is followed by the next in two minutes", {}, again(2 * MINUTE)],
		["may be past the limit", { attempt: slack - 1 }, again(2 * MINUTE)],
		["is the last one some way past it", { attempt: slack }, dead("crashed")],
		[
			"is the last one where the next would be past maxAge",
			{ passed: HOUR - MINUTE },
			dead("expired"),
		],
		[
			"is followed for ever where nothing bounds it",
			{ attempt: 5_000, retries: { maxAge: "14 days" } },
			again(2 * MINUTE),
		],
	])("%s", ([, at, comes]) => {
		expect(decided(gone, at)).toMatchObject({
			...comes,
			error: { message: "the call was cut off" },
		});
	});
});

test("a failure tells what was thrown, an overrun how long it had", () => {
	for (const at of [{}, { attempt: 4 }, { passed: HOUR }]) {
		expect(decided(failed, at)).toMatchObject({
			error: { name: "Error", message: "closed" },
		});
		expect(decided(late, at)).toMatchObject({
			error: {
				name: "TimeoutError",
				message: "the handler did not end within 5000 ms",
			},
		});
	}
});

test.each([0, 0.5, 0.999])("the wait is drawn with %d", (random) => {
	const policy = policyOf();
	for (const attempt of [1, 2, 10])
		expect(decide(failed, policy, attempt, FIRST, FIRST, random)).toMatchObject(
			again(waitBefore(policy, attempt, random)),
		);
});

test("what cannot be read when it is thrown is a failure like any other", () => {
	const thrown = {
		get tidings(): string {
			throw new Error("closed");
		},
	};
	const outcome = failedWith(thrown);
	expect(decided(outcome)).toMatchObject(again(MINUTE));
	expect(decided(outcome, { retries: 0 })).toMatchObject(dead("exhausted"));
});

test("an attempt may begin up to some past the last retry, and without a limit always", () => {
	for (const limit of [0, 3]) {
		const last = limit + 1 + CRASH_SLACK;
		expect(mayBegin(policyOf(limit), 1)).toBe(true);
		expect(mayBegin(policyOf(limit), last)).toBe(true);
		expect(mayBegin(policyOf(limit), last + 1)).toBe(false);
	}
	expect(mayBegin(policyOf({ maxAge: "1 hour" }), 1_000_000)).toBe(true);
});
