/** The waits that are not a retry policy's, and the bound on attempts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toDelaySeconds } from "../../src/consume/requeue.ts";
import {
	mayStart,
	waitForDeploy,
	waitForNewerDeploy,
	waitForWorker,
} from "../../src/consume/waits.ts";
import { CRASH_RETRIES, QUEUE_WAIT } from "../../src/event/limits.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** All waits of a delivery, one after the other. */
function waitsOf(next: (waited: number) => number | undefined): number[] {
	const waits: number[] = [];
	for (let waited = 0, wait = next(0); wait && waits.length < 100; ) {
		waits.push(wait);
		waited += wait;
		wait = next(waited);
	}
	return waits;
}

const sum = (waits: number[]) => waits.reduce((total, wait) => total + wait, 0);

test.each([0, 3])(
	"with %i retries, attempts that never return may start 20 times past the limit",
	(limit) => {
		const last = limit + 1 + CRASH_RETRIES;
		expect(mayStart(policyOf(limit), 1)).toBe(true);
		expect(mayStart(policyOf(limit), last)).toBe(true);
		expect(mayStart(policyOf(limit), last + 1)).toBe(false);
	},
);

test("without a limit any attempt may start", () => {
	expect(mayStart(policyOf({ maxAge: "1 hour" }), 1_000_000)).toBe(true);
});

test("a queue's delay is in whole seconds, and cuts no wait short", () => {
	expect([0, 1, 1_000, 1_001].map(toDelaySeconds)).toEqual([0, 1, 1, 2]);
	fc.assert(
		fc.property(fc.nat(QUEUE_WAIT), (wait) => {
			const seconds = toDelaySeconds(wait);
			expect(seconds * 1_000).toBeGreaterThanOrEqual(wait);
			expect((seconds - 1) * 1_000).toBeLessThan(wait || 1);
		}),
	);
});

describe("the wait for a deploy", () => {
	test.for<[waited: number, wait: number | undefined]>([
		[0, MINUTE],
		[MINUTE - 1, MINUTE],
		[5 * MINUTE, 5 * MINUTE],
		[30 * MINUTE, 30 * MINUTE],
		[40 * MINUTE, 20 * MINUTE],
		[HOUR - MINUTE / 2, MINUTE],
		[HOUR - 1, MINUTE],
		[-MINUTE, MINUTE],
		[HOUR, undefined],
		[DAY, undefined],
	])("after %i ms is %i ms", ([waited, wait]) => {
		expect(waitForDeploy(waited)).toBe(wait);
	});

	test("doubles from a minute, and ends after exactly an hour", () => {
		const waits = waitsOf(waitForDeploy);
		expect(waits.map((wait) => wait / MINUTE)).toEqual([1, 1, 2, 4, 8, 16, 28]);
		expect(sum(waits)).toBe(HOUR);
	});
});

describe("the wait for a Worker that does not respond", () => {
	test.for<[waited: number, wait: number | undefined]>([
		[0, MINUTE],
		[5 * MINUTE, 5 * MINUTE],
		[HOUR, HOUR],
		[5 * HOUR, HOUR],
		[DAY - 30 * MINUTE, 30 * MINUTE],
		[DAY - 1, MINUTE],
		[-MINUTE, MINUTE],
		[DAY, undefined],
		[2 * DAY, undefined],
	])("after %i ms is %i ms", ([waited, wait]) => {
		expect(waitForWorker(waited)).toBe(wait);
	});

	test("doubles from a minute up to an hour, and ends after exactly a day", () => {
		const waits = waitsOf(waitForWorker);
		expect(Math.max(...waits)).toBe(HOUR);
		expect(sum(waits)).toBe(DAY);
	});
});

describe("the wait of a message that a newer deploy wrote", () => {
	test.for<[age: number, reads: number, wait: number | undefined]>([
		[0, 1, MINUTE],
		[40 * MINUTE, 6, 20 * MINUTE],
		[HOUR - 1, 99, MINUTE],
		[9 * HOUR, 1, 10 * MINUTE],
		[9 * HOUR, 6, 10 * MINUTE],
		[9 * HOUR, 7, undefined],
	])("at the age of %i ms, after %i reads, is %i ms", ([age, reads, wait]) => {
		expect(waitForNewerDeploy(age, reads)).toBe(wait);
	});
});
