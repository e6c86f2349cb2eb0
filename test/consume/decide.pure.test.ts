/** Every case that can happen to a delivery, and its fate. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crashed } from "../../src/consume/call-worker.ts";
import {
	decide,
	decideAbandoned,
	decideUnreadable,
	type Fate,
	type Result,
} from "../../src/consume/decide.ts";
import type { Cause, Delivery, Unreadable } from "../../src/event/envelope.ts";
import {
	CRASH_RETRIES,
	LONGEST_WAIT,
	MAX_RETRIES,
} from "../../src/event/limits.ts";
import { failed as failedWith } from "../../src/handlers/attempt.ts";
import {
	NonRetryableError,
	RetryAfterError,
} from "../../src/handlers/handler-errors.ts";
import {
	policyOf,
	type Retries,
	waitBefore,
} from "../../src/handlers/retry-policy.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Start of the first attempt. */
const FIRST = 1_800_000_000_000;

/** Three retries a minute apart. None starts later than an hour after the first attempt. */
const POLICY = {
	backoff: "constant",
	base: "1 minute",
	limit: 3,
	maxAge: "1 hour",
} as const;
const onlyMaxAge = { backoff: "constant", base: MINUTE, maxAge: HOUR } as const;
const onlyLimit = { backoff: "constant", base: MINUTE, limit: 1 } as const;

/** The last attempt that may start although earlier ones never returned. */
const LAST_CRASH = 3 + 1 + CRASH_RETRIES;

interface Given {
	attempt?: number;
	/** Milliseconds since the first attempt started. */
	age?: number;
	retries?: Retries;
	delivery?: Partial<Delivery>;
}

function fateOf(
	result: Result,
	{ attempt = 1, age = 0, retries = POLICY, delivery = {} }: Given,
): Fate {
	const now = FIRST + age;
	return decide(
		{
			result,
			delivery: {
				handler: "send",
				attempt,
				firstAttemptAt: FIRST,
				...delivery,
			},
			policy: policyOf(retries),
			startedAt: now,
		},
		now,
		0,
	);
}

const failed = failedWith(new Error("closed"));
const timedOut: Result = { type: "timed_out", timeout: 5_000 };
const nonRetryable = failedWith(new NonRetryableError("no use"));
const unparsable: Result = {
	type: "unparsable",
	issues: [{ path: "total", message: "expected number" }],
};
const cutOff = crashed(new Error("the call was cut off"));
const missing: Result = { type: "body_missing", reference: "e1" };
const retryAt = (age: number) =>
	failedWith(new RetryAfterError("busy", new Date(FIRST + age)));

const error = expect.any(Object);
const delivered: Fate = { type: "delivered" };
const cancelled: Fate = { type: "cancelled" };
const retry = (wait: number): Fate => ({ type: "retry", wait, error });
const park = (
	wait: number,
	reason: (Fate & { type: "park" })["reason"],
): Fate => ({
	type: "park",
	wait,
	reason,
});
const dead = (cause: Cause, attempts: number) => ({
	type: "dead" as const,
	cause,
	error,
	attempts,
	wasAttempted: true,
});
/** The end of a delivery whose attempt was not made. */
const deadUntried = (cause: Cause, attempts: number) => ({
	...dead(cause, attempts),
	wasAttempted: false,
});

type Row = [what: string, result: Result, given: Given, fate: Fate];

const unknown: Result = { type: "unknown_handler" };
const withoutExtension: Result = {
	type: "extension_missing",
	remedy: "add it",
};
const unreachable: Result = { type: "worker_unreachable" };
const neverReturned: Result = { type: "never_returned" };
const noBodyNow: Result = { type: "body_unreadable" };
const noSubscriptionNow: Result = { type: "subscription_unreadable" };
const ended: Result = { type: "subscription_ended" };
const success: Result = { type: "delivered" };
const past = { attempt: 99, age: 2 * DAY };
const unknownFor = (time: number) => ({ delivery: { unknownFor: time } });
const unreachableFor = (time: number) => ({
	delivery: { unreachableFor: time },
});
const at = (attempt: number, delivery: Partial<Delivery> = {}) => ({
	attempt,
	delivery,
});

// biome-ignore format: a table
const ROWS: Row[] = [
	["a delivery succeeds", success, {}, delivered],
	["a delivery succeeds past every limit", success, past, delivered],

	["a failure has retries left", failed, {}, retry(MINUTE)],
	["a failure has its last retry left", failed, at(3), retry(MINUTE)],
	["a failure has no retries left", failed, at(4), dead("exhausted", 4)],
	["a failure has no retries at all", failed, { retries: 0 }, dead("exhausted", 1)],
	["the next retry of a failure starts at maxAge", failed, { age: HOUR - MINUTE }, retry(MINUTE)],
	["the next retry of a failure would start after maxAge", failed, { age: HOUR - MINUTE + 1 }, dead("expired", 1)],
	["a failure has neither retries nor time left", failed, { attempt: 4, age: DAY }, dead("exhausted", 4)],
	["only maxAge limits the retries of a failure", failed, { attempt: 5_000, retries: onlyMaxAge }, retry(MINUTE)],
	["only a number limits the retries of a failure", failed, { age: 400 * DAY, retries: onlyLimit }, retry(MINUTE)],

	["a timeout has retries left", timedOut, {}, retry(MINUTE)],
	["a timeout has its last retry left", timedOut, at(3), retry(MINUTE)],
	["a timeout has no retries left", timedOut, at(4), dead("exhausted", 4)],
	["the next retry of a timeout would start after maxAge", timedOut, { age: HOUR }, dead("expired", 1)],

	["the handler throws a NonRetryableError", nonRetryable, {}, dead("non_retryable", 1)],
	["the handler throws a NonRetryableError past every limit", nonRetryable, past, dead("non_retryable", 99)],
	["the handler throws the brand of a NonRetryableError", failedWith({ tidings: "non_retryable" }), {}, dead("non_retryable", 1)],

	["the handler asks for a retry at a time", retryAt(20 * MINUTE), { age: 5 * MINUTE }, retry(15 * MINUTE)],
	["the handler asks for a retry in the past", retryAt(-HOUR), {}, retry(SECOND)],
	["the handler asks for a retry at maxAge", retryAt(HOUR), { age: 5 * MINUTE }, retry(55 * MINUTE)],
	["the handler asks for a retry after maxAge", retryAt(HOUR + 1), {}, dead("expired", 1)],
	["the handler asks for a retry when maxAge is over", retryAt(0), { age: HOUR + 1 }, dead("expired", 1)],
	["the handler asks for a retry and has none left", retryAt(HOUR), at(4), dead("exhausted", 4)],
	["the handler asks for more than the policy's longest wait", retryAt(30 * HOUR), { retries: 1 }, retry(30 * HOUR)],
	["the handler asks for more than a year", retryAt(400 * DAY), { retries: 1 }, retry(365 * DAY)],
	["the handler asks for a retry without a time", failedWith({ tidings: "retry_after" }), {}, retry(MINUTE)],

	["the body no longer parses", unparsable, {}, dead("schema_violation", 1)],
	["the body no longer parses, past every limit", unparsable, past, dead("schema_violation", 99)],

	["an attempt crashes", cutOff, {}, retry(2 * MINUTE)],
	["an attempt past the limit crashes, within the slack", cutOff, at(LAST_CRASH - 1), retry(2 * MINUTE)],
	["the last attempt of the slack crashes", cutOff, at(LAST_CRASH), dead("crashed", LAST_CRASH)],
	["an attempt crashes and its retry starts at maxAge", cutOff, { age: HOUR - 2 * MINUTE }, retry(2 * MINUTE)],
	["an attempt crashes and its retry would start after maxAge", cutOff, { age: HOUR - 2 * MINUTE + 1 }, dead("expired", 1)],
	["an attempt crashes and no number limits its retries", cutOff, { attempt: 5_000, retries: { maxAge: "14 days" } }, retry(2 * MINUTE)],
	["no attempt returned, past the slack", neverReturned, at(LAST_CRASH + 1), deadUntried("crashed", LAST_CRASH)],

	["no deploy has the handler", unknown, at(4), park(MINUTE, "unknown_handler")],
	["no deploy has the handler for 40 minutes", unknown, unknownFor(40 * MINUTE), park(20 * MINUTE, "unknown_handler")],
	["no deploy has the handler for 59 minutes", unknown, unknownFor(59 * MINUTE), park(MINUTE, "unknown_handler")],
	["no deploy has the handler for an hour", unknown, at(4, { unknownFor: HOUR }), deadUntried("unknown_handler", 3)],
	["no deploy has the extension", withoutExtension, at(4), park(MINUTE, "unknown_handler")],
	["no deploy has the extension for an hour", withoutExtension, at(4, { unknownFor: HOUR }), deadUntried("unknown_handler", 3)],
	["no deploy has the handler, past every limit", unknown, past, park(MINUTE, "unknown_handler")],

	["the Worker does not respond", unreachable, at(4), park(MINUTE, "worker_unreachable")],
	["the Worker does not respond for an hour", unreachable, unreachableFor(HOUR), park(HOUR, "worker_unreachable")],
	["the Worker does not respond for nearly a day", unreachable, unreachableFor(DAY - 30 * MINUTE), park(30 * MINUTE, "worker_unreachable")],
	["the Worker does not respond for a day", unreachable, at(4, { unreachableFor: DAY }), deadUntried("unreachable", 3)],
	["the Worker does not respond, after a wait for a deploy", unreachable, unknownFor(HOUR), park(MINUTE, "worker_unreachable")],

	["the body cannot be read now", noBodyNow, {}, park(MINUTE, "body_unreadable")],
	["the body cannot be read now, past every limit", noBodyNow, past, park(MINUTE, "body_unreadable")],
	["the body has expired", missing, {}, deadUntried("payload_missing", 0)],
	["the body has expired after three attempts", missing, at(4), deadUntried("payload_missing", 3)],

	["the subscription cannot be read now", noSubscriptionNow, past, park(MINUTE, "subscription_unreadable")],
	["the subscription has ended", ended, {}, cancelled],
	["the subscription has ended, past every limit", ended, past, cancelled],
];

test.for(ROWS)("%s", ([, result, given, fate]) => {
	expect(fateOf(result, given)).toEqual(fate);
});

describe("a message that this deploy cannot read", () => {
	const notJson = { kind: "unreadable", reason: "not JSON", text: "" } as const;
	const newer = { kind: "newer", version: 2, text: "" } as const;
	const wait = (wait: number) => ({ type: "wait", wait });

	// biome-ignore format: a table
	test.for<[what: string, unreadable: Unreadable, age: number, reads: number, mayWait: boolean, fate: object]>([
		["has no envelope", notJson, 0, 1, true, deadUntried("unreadable", 1)],
		["has no envelope, and was read often", notJson, 0, 5, true, deadUntried("unreadable", 5)],
		["was just written by a newer deploy", newer, 0, 1, true, wait(MINUTE)],
		["was written by a newer deploy 40 minutes ago", newer, 40 * MINUTE, 6, true, wait(20 * MINUTE)],
		["was written by a newer deploy whose clock is ahead", newer, -MINUTE, 1, true, wait(MINUTE)],
		["was written by a newer deploy an hour ago, and read six times", newer, HOUR, 6, true, wait(10 * MINUTE)],
		["was written by a newer deploy an hour ago, and read seven times", newer, HOUR, 7, true, deadUntried("newer_version", 7)],
		["was written by a newer deploy, and is in the dead-letter queue", newer, 0, 2, false, deadUntried("newer_version", 2)],
	])("%s", ([, unreadable, age, reads, mayWait, fate]) => {
		const message = { age, reads, mayWait };
		expect(decideUnreadable(unreadable, message)).toEqual(fate);
	});

	test("says why in the error of its dead letter", () => {
		const message = { age: HOUR, reads: 7, mayWait: true };
		expect(decideUnreadable(notJson, message)).toMatchObject({
			error: {
				name: "UnreadableError",
				message: "the message has no readable envelope: not JSON",
			},
		});
		expect(decideUnreadable(newer, message)).toMatchObject({
			error: {
				name: "UnreadableError",
				message: "the message's version 2 is newer than this deploy",
			},
		});
	});
});

describe("a delivery whose message the platform gave up", () => {
	test.each([1, 7])(
		"becomes a dead letter at attempt %d, which counts the platform's retries",
		(attempt) => {
			const delivery = { handler: "send", attempt };
			expect(decideAbandoned(delivery)).toEqual({
				...deadUntried("abandoned", attempt + 100),
				error: {
					name: "AbandonedError",
					message:
						"the platform gave the message up: the Worker was killed or crashed with each delivery",
				},
			});
		},
	);

	test("has the error of its first failure", () => {
		const firstFailure = { name: "Error", message: "the first failure" };
		const delivery = { handler: "send", attempt: 7, firstFailure };
		expect(decideAbandoned(delivery).error).toBe(firstFailure);
	});
});

test("a delivery without a first attempt counts its age from this attempt", () => {
	const attempted: Parameters<typeof decide>[0] = {
		result: cutOff,
		delivery: { handler: "send", attempt: 1 },
		policy: policyOf({ maxAge: "4 minutes" }),
		startedAt: FIRST,
	};
	const age = 2 * MINUTE;
	expect(decide(attempted, FIRST + age, 0)).toEqual(retry(2 * MINUTE));
	expect(decide(attempted, FIRST + age + 1, 0)).toEqual(dead("expired", 1));
});

test.each([0, 0.5, 0.999])(
	"the policy computes the wait with the jitter of the draw %d, in whole seconds and never shorter",
	(random) => {
		const policy = policyOf();
		for (const attempt of [1, 2, 10]) {
			const delivery = { handler: "send", attempt };
			const attempted = { result: failed, delivery, policy, startedAt: FIRST };
			expect(decide(attempted, FIRST, random)).toEqual(
				retry(Math.ceil(waitBefore(policy, attempt, random) / 1_000) * 1_000),
			);
		}
	},
);

describe("the error of a fate says", () => {
	const errorOf = (result: Result, given: Given) => {
		const fate = fateOf(result, given);
		return "error" in fate ? fate.error : undefined;
	};
	const first = { name: "Error", message: "the first failure" };
	const longAgo = at(LAST_CRASH, { unknownFor: HOUR, unreachableFor: DAY });

	// biome-ignore format: a table
	test.for<[what: string, result: Result, name: string, message: string]>([
		["what the handler threw", failed, "Error", "closed"],
		["how long the handler had", timedOut, "TimeoutError", "the handler did not end within 5000 ms"],
		["how long the handler ran before it shortened its time", { type: "timed_out", timeout: 200, elapsed: 3_000 }, "TimeoutError", "the handler did not end within 200 ms: it ran for 3000 ms before context.setTimeout set this timeout"],
		["that the body no longer parses", unparsable, "Error", "the body no longer parses with the handler's schema"],
		["why the call was cut off", cutOff, "Error", "the call was cut off"],
		["that no attempt returned", neverReturned, "CrashedError", "no attempt returned a result; each time the Worker crashed, or the result could not be stored"],
		["which handler is unknown", unknown, "UnknownHandlerError", 'no handler "send" was registered for an hour'],
		["whose Worker does not respond", unreachable, "UnreachableError", 'the Worker of "send" did not respond for a day'],
		["which body has expired", missing, "PayloadMissingError", "the body, stored as e1, has expired"],
	])("%s", ([, result, name, message]) => {
		expect(errorOf(result, longAgo)).toMatchObject({ name, message });
	});

	test("where a body does not match its schema", () => {
		const { issues } = unparsable as Result & { type: "unparsable" };
		expect(errorOf(unparsable, {})).toMatchObject({ issues });
	});

	test("the first failure, if no attempt returned", () => {
		const given = at(30, { firstFailure: first });
		expect(errorOf(neverReturned, given)).toBe(first);
	});
});

test("an error whose properties throw is a failure with retries", () => {
	const thrown = {
		get tidings(): string {
			throw new Error("closed");
		},
	};
	expect(fateOf(failedWith(thrown), {})).toEqual(retry(MINUTE));
});

describe("for any result, delivery, policy and time", () => {
	const error = fc.constant({ name: "Error", message: "no" });
	const time = fc.integer({ min: 0, max: 400 * DAY });
	const results: { [Type in Result["type"]]: fc.Arbitrary<object> } = {
		delivered: fc.constant({}),
		failed: fc.record(
			{
				error,
				wants: fc.oneof(
					fc.constant({ stop: true }),
					fc.record({
						retryAt: fc.oneof(
							time.map((age) => FIRST + age),
							fc.double({ noNaN: true, noDefaultInfinity: true }),
						),
					}),
				),
			},
			{ requiredKeys: ["error"] },
		),
		timed_out: fc.record({ timeout: time }),
		unparsable: fc.record({ issues: fc.constant([]) }),
		crashed: fc.record({ error }),
		never_returned: fc.constant({}),
		unknown_handler: fc.constant({}),
		extension_missing: fc.constant({ remedy: "add it" }),
		worker_unreachable: fc.constant({}),
		body_unreadable: fc.constant({}),
		body_missing: fc.record({ reference: fc.string() }),
		subscription_unreadable: fc.constant({}),
		subscription_ended: fc.constant({}),
	};
	const result = fc.oneof(
		...Object.entries(results).map(([type, rest]) =>
			rest.map((members) => ({ type, ...members }) as Result),
		),
	);
	const wait = fc.integer({ min: 1, max: LONGEST_WAIT });
	const retries = fc.oneof(
		fc.nat(50),
		fc.record(
			{
				limit: fc.nat(50),
				maxAge: fc.integer({ min: 1, max: 30 * DAY }),
				backoff: fc.oneof(
					fc.constantFrom("exponential", "constant", "linear"),
					fc.array(wait, { minLength: 1, maxLength: 5 }),
				),
				base: wait,
				max: wait,
				jitter: fc.boolean(),
			},
			{ requiredKeys: [] },
		),
	);
	const delivery = fc.record(
		{
			handler: fc.string(),
			attempt: fc.integer({ min: 1, max: 10_000 }),
			firstAttemptAt: time.map((age) => FIRST - age),
			firstFailure: error,
			unknownFor: fc.integer({ min: -MINUTE, max: 2 * DAY }),
			unreachableFor: fc.integer({ min: -MINUTE, max: 2 * DAY }),
		},
		{ requiredKeys: ["handler", "attempt"] },
	);
	const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

	test("there is a fate, its wait is within bounds, and no retry starts past limit or maxAge", () => {
		fc.assert(
			fc.property(
				result,
				delivery,
				retries,
				time,
				random,
				(result, delivery, retries, age, random) => {
					const policy = policyOf(retries);
					const now = FIRST + age;
					const attempted = { result, delivery, policy, startedAt: now };
					const fate = decide(attempted, now, random);
					expect(decide(attempted, now, random)).toEqual(fate);
					const { attempt, firstAttemptAt = now } = delivery;
					const { limit, maxAge } = policy;
					switch (fate.type) {
						case "delivered":
							expect(result.type).toBe("delivered");
							break;
						case "cancelled":
							expect(result.type).toBe("subscription_ended");
							break;
						case "park":
							expect(fate.reason).toBe(
								result.type === "extension_missing"
									? "unknown_handler"
									: result.type,
							);
							expect(fate.wait).toBeGreaterThanOrEqual(MINUTE);
							expect(fate.wait).toBeLessThanOrEqual(HOUR);
							break;
						case "retry":
							expect(fate.wait).toBeGreaterThan(0);
							expect(fate.wait).toBeLessThanOrEqual(LONGEST_WAIT);
							expect(attempt).toBeLessThanOrEqual(
								(limit ?? Infinity) +
									(result.type === "crashed" ? CRASH_RETRIES : 0),
							);
							expect(now + fate.wait).toBeLessThanOrEqual(
								firstAttemptAt + (maxAge ?? Infinity),
							);
							break;
						case "dead":
							expect(fate.error.message).toEqual(expect.any(String));
							expect(fate.attempts).toBeGreaterThanOrEqual(0);
							expect(fate.attempts).toBeLessThanOrEqual(attempt + MAX_RETRIES);
							break;
						default:
							fate satisfies never;
					}
				},
			),
			{ numRuns: 2_000 },
		);
	});
});
