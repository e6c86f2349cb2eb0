/** Claims about alarms, for the simulated and the real platform. */
import { beforeAll, expect, test } from "vitest";
import type { Bench } from "./bench.ts";
import type { Taken } from "./notes.ts";
import type { Step } from "./probe.ts";

const GET: Step = { do: "getAlarm" };
const DELETE: Step = { do: "deleteAlarm" };
const THROW: Step = { do: "throw" };
const set = (ms: number): Step => ({ do: "setAlarm", in: ms });
/** The argument of the handler in a first run and in a retry. */
const FIRST = { isRetry: false };
const RETRY = { isRetry: true };
const write = (text: string): Step => ({ do: "write", text });

/** Wait before the first retry, in milliseconds. Each further wait doubles. */
const BACKOFF = 2_000;
const RETRIES = 6;
/** A retry may be late by a quarter of its wait, and by a second more on a busy machine. */
const JITTER = 1.25;
const BUSY = 1_000;

/** @param isLong whether to wait for all retries of an alarm, which takes minutes */
export function alarmClaims(bench: Bench, isLong: boolean): void {
	/** Objects whose alarms are retried. A retry takes seconds, so all of them run concurrently. */
	const failing = {
		rearmed: "rearmed in the handler that throws",
		taken: "taken back in the handler that throws",
		reset: "reset in the handler",
		called: "set by a call between retries",
		deleted: "taken back by a call between retries",
		throwing: "throws",
	};
	let throwingAt: number;
	let rearmedAt: number;

	beforeAll(async () => {
		await bench.arm(failing.rearmed, 0, [set(300), THROW]);
		await bench.arm(failing.taken, 0, [DELETE, THROW]);
		const lost = [write("lost"), { do: "abort" } as const];
		await bench.arm(failing.reset, 0, lost, [{ do: "rows" }]);
		await bench.arm(failing.called, 0, [THROW], [GET]);
		await bench.arm(failing.deleted, 0, [THROW]);
		const throws = Array.from({ length: 9 }, () => [
			GET,
			write("stays"),
			THROW,
		]);
		// The platform replaces a past time by the present, which may be a millisecond later than `throwingAt`. So this
		// alarm is set to the future.
		throwingAt = await bench.arm(failing.throwing, 100, ...throws);
		for (const object of Object.values(failing)) await bench.runs(object, 1);
		[rearmedAt] = (await bench.take(failing.called, set(300))) as [number];
		await bench.take(failing.deleted, DELETE);
	});

	test("it fires once, on or after its time, and getAlarm() is null while its handler runs and after", async () => {
		const object = bench.name();
		const at = await bench.arm(object, 300, [GET]);
		expect(await bench.take(object, GET)).toEqual([at]);
		const [run] = (await bench.runs(object, 1)) as [Taken];
		expect(run.at).toBeGreaterThanOrEqual(at);
		await bench.pass(200);
		expect(await bench.take(object, GET)).toEqual([null]);
		const steps = await bench.steps(object, 1);
		expect(
			steps
				.filter(({ run }) => run > 0)
				.map(({ step, result }) => [step, result]),
		).toEqual([
			["alarm", FIRST],
			["getAlarm", null],
		]);
	});

	test("one set to the past fires at once", async () => {
		const object = bench.name();
		await bench.arm(object, -60_000);
		expect(await bench.runs(object, 1)).toHaveLength(1);
	});

	test("setAlarm replaces an earlier and a later one", async () => {
		const later = bench.name();
		const earlier = bench.name();
		await bench.arm(later, 500);
		const at = await bench.arm(later, 700);
		await bench.arm(earlier, 60_000);
		await bench.arm(earlier, 500);
		const [run] = await bench.runs(later, 1);
		expect(run?.at).toBeGreaterThanOrEqual(at);
		expect(await bench.runs(earlier, 1)).toHaveLength(1);
	});

	test("those of several objects fire in the order of their times", async () => {
		const armed: { object: string; dueAt: number }[] = [];
		for (const wait of [1_500, 500, 1_000]) {
			const object = bench.name();
			armed.push({ object, dueAt: await bench.arm(object, wait) });
		}
		const fired: number[] = [];
		// On a busy machine, an alarm may be set so late that it is not the third any more.
		for (const { object } of armed.toSorted((a, b) => a.dueAt - b.dueAt))
			fired.push((await bench.runs(object, 1))[0]?.at as number);
		expect(fired).toEqual(fired.toSorted((a, b) => a - b));
	});

	test("deleteAlarm removes it", async () => {
		const object = bench.name();
		await bench.arm(object, 500);
		expect(await bench.take(object, DELETE, GET)).toEqual([null, null]);
		await bench.pass(600);
		expect(await bench.runs(object, 0)).toEqual([]);
	});

	test("one that its handler sets stands afterwards, and fires", async () => {
		const object = bench.name();
		await bench.arm(object, 0, [set(600)]);
		await bench.runs(object, 1);
		const [at] = await bench.take(object, GET);
		const [, second] = await bench.runs(object, 2);
		expect(second?.at).toBeGreaterThanOrEqual(at as number);
		expect(await bench.take(object, GET)).toEqual([null]);
	});

	test("calls run while its handler awaits something", async () => {
		const object = bench.name();
		// On a busy machine a call may need more than a second.
		await bench.arm(object, 0, [{ do: "wait", ms: 3_000 }]);
		await bench.runs(object, 1);
		await bench.take(object, { do: "note", text: "call" });
		await bench.pass(3_100);
		const steps = (await bench.steps(object, 1)).map(({ step }) => step);
		expect(steps.slice(-3)).toEqual(["alarm", "call", "wait"]);
	});

	test("a throwing handler is retried after two seconds, then four, with isRetry; its rows and the time of the alarm stay", async () => {
		for (const run of [1, 2]) {
			await bench.runs(failing.throwing, run);
			// While the handler runs, no alarm is set. A busy machine may need a while to run it.
			expect(await bench.standing(failing.throwing)).toBe(throwingAt);
		}
		const runs = await bench.runs(failing.throwing, 3);
		expectBackoff(runs);
		expect(runs.map(({ result }) => result)).toEqual([FIRST, RETRY, RETRY]);
		const [rows] = await bench.take(failing.throwing, { do: "rows" });
		expect(rows).toEqual(["stays", "stays", "stays"]);
		const steps = await bench.steps(failing.throwing, 3);
		const inside = steps.filter(
			({ run, step }) => run > 0 && step === "getAlarm",
		);
		expect(inside.map(({ result }) => result)).toEqual([null, null, null]);
	});

	test("a new alarm set by a handler that then throws replaces its retries", async () => {
		const runs = await bench.runs(failing.rearmed, 2);
		expect(runs.map(({ result }) => result)).toEqual([FIRST, FIRST]);
		expect(await bench.take(failing.rearmed, GET)).toEqual([null]);
	});

	test("a new alarm set by a call between retries replaces them, and fires on or after its time", async () => {
		const [, second, ...others] = await bench.runs(failing.called, 2);
		expect(second?.at).toBeGreaterThanOrEqual(rearmedAt);
		expect(others).toEqual([]);
		expect(await bench.take(failing.called, GET)).toEqual([null]);
	});

	test("an alarm that its throwing handler or a call between retries deletes is gone", async () => {
		expect(await bench.runs(failing.taken, 1)).toHaveLength(1);
		expect(await bench.runs(failing.deleted, 1)).toHaveLength(1);
	});

	test("a handler whose object is reset is retried with isRetry, and the writes of its tick are lost", async () => {
		const runs = await bench.runs(failing.reset, 2);
		expectBackoff(runs);
		expect(runs.map(({ result }) => result)).toEqual([FIRST, RETRY]);
		await bench.pass(50);
		const steps = await bench.steps(failing.reset, 2);
		expect(steps.find(({ step }) => step === "rows")?.result).toEqual([]);
	});

	test.runIf(isLong)(
		"after six retries it is gone, and it can be set again",
		async () => {
			expectBackoff(await bench.runs(failing.throwing, 1 + RETRIES));
			await bench.pass(5_000);
			expect(await bench.take(failing.throwing, GET)).toEqual([null]);
			await bench.arm(failing.throwing, 0);
			const runs = await bench.runs(failing.throwing, 2 + RETRIES);
			expect(runs).toHaveLength(2 + RETRIES);
		},
		200_000,
	);

	function expectBackoff(runs: readonly Taken[]): void {
		for (const [index, { at }] of runs.entries()) {
			const before = runs[index - 1];
			if (!before) continue;
			const wait = BACKOFF * 2 ** (index - 1);
			expect(at - before.at).toBeGreaterThanOrEqual(wait);
			expect(at - before.at).toBeLessThan(wait * JITTER + BUSY);
		}
	}
}
