import { describe, expect, test } from "vitest";
import { waitForDeploy, waitForWorker } from "../../src/consume/decide.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("a wait for a deploy", () => {
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
	])("that has taken %i ms takes %i more", ([waited, wait]) => {
		expect(waitForDeploy(waited)).toBe(wait);
	});

	test("doubles from a minute, and is over after an hour to the millisecond", () => {
		const waits: number[] = [];
		let waited = 0;
		for (let wait = waitForDeploy(0); wait && waits.length < 20; ) {
			waits.push(wait);
			waited += wait;
			wait = waitForDeploy(waited);
		}
		expect(waited).toBe(HOUR);
		expect(waits.map((wait) => wait / MINUTE)).toEqual([1, 1, 2, 4, 8, 16, 28]);
	});
});

describe("a wait for a Worker that does not answer", () => {
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
	])("that has taken %i ms takes %i more", ([waited, wait]) => {
		expect(waitForWorker(waited)).toBe(wait);
	});
});
