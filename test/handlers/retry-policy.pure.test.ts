import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	policyOf,
	type Retries,
	type RetryOptions,
	waitBefore,
} from "../../src/handlers/retry-policy.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const AMPT: RetryOptions = {
	backoff: "constant",
	base: "6 minutes",
	maxAge: "14 days",
};

/** The first waits of a policy, without jitter. */
function waits(options: RetryOptions, count: number): number[] {
	const policy = policyOf({ ...options, jitter: false });
	return Array.from({ length: count }, (_, index) =>
		waitBefore(policy, index + 1, 0),
	);
}

describe("what the options come to", () => {
	test("without any there are ten retries, exponential from 5 seconds to an hour, with jitter", () => {
		expect(policyOf()).toEqual({
			limit: 10,
			maxAge: null,
			backoff: "exponential",
			base: 5 * SECOND,
			max: HOUR,
			jitter: true,
		});
		expect(policyOf({})).toEqual(policyOf());
	});

	test("a number is short for limit", () => {
		expect(policyOf(3)).toEqual(policyOf({ limit: 3 }));
		expect(policyOf(0).limit).toBe(0);
	});

	test("Ampt's is every six minutes for 14 days, however often", () => {
		expect(policyOf(AMPT)).toEqual({
			limit: null,
			maxAge: 14 * DAY,
			backoff: "constant",
			base: 6 * MINUTE,
			max: HOUR,
			jitter: false,
		});
	});

	test("maxAge takes the default limit away, and leaves one that is given", () => {
		expect(policyOf({ maxAge: DAY }).limit).toBeNull();
		expect(policyOf({ maxAge: DAY, limit: 2 })).toMatchObject({
			limit: 2,
			maxAge: DAY,
		});
	});

	test("a base above an hour raises the longest wait, unless that is given", () => {
		expect(policyOf({ base: "2 hours" }).max).toBe(2 * HOUR);
		expect(policyOf({ base: "2 hours", max: "90 minutes" }).max).toBe(
			90 * MINUTE,
		);
	});

	test("only exponential waits have jitter unless it is asked for", () => {
		expect(policyOf({ backoff: "linear" }).jitter).toBe(false);
		expect(policyOf({ backoff: ["1 second"] }).jitter).toBe(false);
		expect(policyOf({ backoff: "linear", jitter: true }).jitter).toBe(true);
		expect(policyOf({ jitter: false }).jitter).toBe(false);
	});

	test("a policy is plain data, for other Workers to read", () => {
		const policy = policyOf({ backoff: ["1 second", 2_000] });
		expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
		expect(policy.backoff).toEqual([SECOND, 2 * SECOND]);
	});
});

describe("what is refused", () => {
	test.for<[retries: unknown, said: RegExp]>([
		[{ retry: 3 }, /^retries: unknown key "retry"; use limit, backoff, base/],
		[
			{ limit: -1 },
			/limit: -1 is not a number of retries; use a whole number from 0/,
		],
		[{ limit: 1.5 }, /limit: 1\.5 is not/],
		[{ limit: "3" }, /limit: .*3.* is not/],
		[{ limit: null }, /limit: null is not/],
		[{ limit: Number.POSITIVE_INFINITY }, /limit: Infinity is not/],
		[-1, /limit: -1 is not/],
		[Number.NaN, /limit: NaN is not/],
		[
			{ backoff: "fibonacci" },
			/"fibonacci" is not a backoff; use exponential, constant, linear or a list/,
		],
		[
			{ backoff: [] },
			/backoff: \[\] is not a backoff; use .* or a list of waits/,
		],
		[{ backoff: null }, /backoff: null is not a backoff/],
		[{ backoff: 5 }, /backoff: 5 is not a backoff/],
		[{ jitter: "some" }, /jitter: "some" is/],
		[{ jitter: null }, /jitter: null is/],
		["3", /retries: /],
		[true, /retries: true is/],
		[false, /retries: false is/],
		[null, /retries: null is/],
		[[3], /retries: /],
	])("%j is no policy", ([retries, said]) => {
		expect(() => policyOf(retries as Retries)).toThrow(
			expect.objectContaining({
				name: "RefusedError",
				code: "invalid_handler",
				message: expect.stringMatching(said),
			}),
		);
	});

	test.for<[options: RetryOptions, said: string]>([
		[{ base: "366 days" }, 'base: "366 days" is longer than a year'],
		[{ max: "2 years" }, 'max: "2 years" is longer than a year'],
		[{ backoff: [1, "2 years"] }, 'backoff: "2 years" is longer than a year'],
	])("in %j a wait is too long", ([options, said]) => {
		expect(() => policyOf(options)).toThrow(
			expect.objectContaining({
				code: "invalid_handler",
				message: expect.stringContaining(said),
			}),
		);
		expect(policyOf({ base: "1 year", backoff: ["1 year"] }).max).toBe(
			365 * DAY,
		);
	});

	test.for<[options: RetryOptions, member: string]>([
		[{ base: 0 }, "base"],
		[{ max: "5 parsecs" as "5 hours" }, "max"],
		[{ maxAge: -1 }, "maxAge"],
		[{ backoff: ["1 second", 0] }, "backoff"],
	])("in %j a wait is no duration", ([options, member]) => {
		expect(() => policyOf(options)).toThrow(
			expect.objectContaining({ code: "invalid_handler" }),
		);
		expect(() => policyOf(options)).toThrow(`retries: ${member}: `);
	});
});

describe("waits", () => {
	test("exponential ones double up to the longest", () => {
		expect(waits({}, 12)).toEqual([
			...[5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560].map((s) => s * 1_000),
			HOUR,
			HOUR,
		]);
		expect(waitBefore(policyOf({ jitter: false }), 5_000, 0)).toBe(HOUR);
	});

	test("linear ones grow by the first up to the longest", () => {
		expect(
			waits({ backoff: "linear", base: 10, max: 35, maxAge: DAY }, 5),
		).toEqual([10, 20, 30, 35, 35]);
	});

	test("constant ones stay", () => {
		expect(waits(AMPT, 3)).toEqual([6 * MINUTE, 6 * MINUTE, 6 * MINUTE]);
		expect(waits({ backoff: "constant", base: 50, max: 20 }, 2)).toEqual([
			20, 20,
		]);
	});

	test("those of a list come in order, the last one again and again, none cut", () => {
		expect(waits({ backoff: [5, "20 hours", "1 second"] }, 5)).toEqual([
			5,
			20 * HOUR,
			SECOND,
			SECOND,
			SECOND,
		]);
	});

	test("jitter draws evenly from three quarters to all of a wait", () => {
		const policy = policyOf({ backoff: "constant", base: 1_000, jitter: true });
		expect(waitBefore(policy, 1, 0)).toBe(750);
		expect(waitBefore(policy, 1, 0.5)).toBe(875);
		expect(waitBefore(policy, 1, 1 - 2 ** -53)).toBe(1_000);
		const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 500 }), draw, (retry, random) => {
				const full = waitBefore(policyOf({ jitter: false }), retry, random);
				const wait = waitBefore(policyOf(), retry, random);
				expect(wait).toBeGreaterThanOrEqual(full * 0.75);
				expect(wait).toBeLessThanOrEqual(full);
				expect(Number.isInteger(wait)).toBe(true);
			}),
		);
	});
});
