/** Every scenario of `npm run bench` runs, with few events, and asks the same of both sides. Nothing is timed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { median, middle, quantile, rangeOfMiddle, shown } from "./figures.ts";
import { figuresOf, isMet, type Measured, measure } from "./measure.ts";
import { type Runtime, startRuntime } from "./runtime.ts";
import { scenarios } from "./scenarios.ts";

let runtime: Runtime;

beforeAll(async () => {
	runtime = await startRuntime();
});
afterAll(() => runtime.close());

const few = { rounds: 1, size: () => 20, warmUp: () => 1 };

test.for(scenarios.map((scenario) => [scenario.figures[0]?.name, scenario]))(
	"%s: both sides do the same, and each figure has a value",
	async ([, scenario]) => {
		const { figures } = scenario as (typeof scenarios)[number];
		const rounds = await measure(scenario as never, runtime, few);
		const measured = figuresOf(scenario as never, rounds);
		expect(measured.map(({ name }) => name)).toEqual(
			figures.map(({ name }) => name),
		);
		for (const { bare, tidings } of measured) {
			expect(bare).toHaveLength(1);
			expect(tidings).toHaveLength(1);
			for (const value of [...bare, ...tidings])
				expect(Number.isFinite(value)).toBe(true);
		}
	},
);

test("a side that handles one event fewer, or one more, is told", async () => {
	const [scenario] = scenarios.filter(({ figures }) =>
		figures[0]?.name.startsWith("end to end"),
	);
	const side = runtime.side("bare");
	const forgetful: Runtime = {
		...runtime,
		side: (name) => ({
			...runtime.side(name),
			act: async (act, of) => {
				const answer = await side.act(act, of);
				return name === "bare"
					? answer
					: { ...answer, handled: answer.handled - 1 };
			},
		}),
	};
	await expect(measure(scenario as never, forgetful, few)).rejects.toThrow(
		"handled 20 and 19",
	);
});

test("of an even number of values the median lies between the two in the middle", () => {
	expect(median([4, 1, 3])).toBe(3);
	expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("the middle is the mean of the middle half, of few values the median", () => {
	expect(middle([9])).toBe(9);
	expect(middle([9, 1])).toBe(5);
	expect(middle([1, 900, 2])).toBe(2);
	expect(middle([1, 900, 2, 4])).toBe(3);
	expect(middle([1, 2, 3, 4, 5, 6, 7, 900])).toBe(4.5);
});

test("the middle lies in a range that is narrower the more values there are", () => {
	expect(rangeOfMiddle([3])).toEqual([3, 3]);
	const widthOf = (count: number) => {
		const values = Array.from({ length: count }, (_, index) => index / count);
		const [from, to] = rangeOfMiddle(values);
		expect(from).toBeLessThan(middle(values));
		expect(to).toBeGreaterThan(middle(values));
		return to - from;
	};
	expect(widthOf(400)).toBeLessThan(widthOf(16) / 2);
});

test("a quantile of whole milliseconds is finer than they are", () => {
	expect(quantile([2, 2, 3, 3], 0.5)).toBe(2.5);
	expect(quantile([2, 2, 2, 3], 0.5)).toBeCloseTo(2.17, 2);
	expect(quantile([...Array(99).fill(1), 50], 0.99)).toBe(49.5);
});

test("a ratio is enough where it is at least what is asked, of milliseconds at the most", () => {
	const of: Pick<Measured, "name" | "bare" | "tidings" | "range"> = {
		name: "",
		bare: [],
		tidings: [],
		range: [0, 9],
	};
	const isRateMet = (ratio: number) =>
		isMet({ ...of, unit: "events/s", asked: 0.9, ratio });
	expect([0.89, 0.9].map(isRateMet)).toEqual([false, true]);
	const isTimeMet = (ratio: number) =>
		isMet({ ...of, unit: "ms", asked: 1.2, ratio });
	expect([1.2, 1.21].map(isTimeMet)).toEqual([true, false]);
	expect(isMet({ ...of, unit: "ms", ratio: 9 })).toBeUndefined();
});

test("figures are shown with three digits", () => {
	expect([12_345, 1_000, 99.94, 0.1234].map(shown)).toEqual([
		"12300",
		"1000",
		"99.9",
		"0.123",
	]);
});
