/** Runs every scenario of `npm run bench` with few events. It judges no times. */
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

const few = { rounds: 1, size: () => 20, warmUp: () => 0 };

test.for(scenarios.map((scenario) => [scenario.figures[0]?.name, scenario]))(
	"%s: both sides handle the same events, and each figure has a value",
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

test("a side that handles fewer events than the other is an error", async () => {
	const [scenario] = scenarios.filter(({ figures }) =>
		figures[0]?.name.startsWith("end to end"),
	);
	const side = runtime.side("bare");
	const losing: Runtime = {
		...runtime,
		side: (name) => ({
			...runtime.side(name),
			perform: async (action, of) => {
				const answer = await side.perform(action, of);
				return name === "bare"
					? answer
					: { ...answer, handled: answer.handled - 1 };
			},
		}),
	};
	await expect(measure(scenario as never, losing, few)).rejects.toThrow(
		"the sides handled 20 and 19",
	);
});

test("the median of an even number of values is the mean of the middle two", () => {
	expect(median([4, 1, 3])).toBe(3);
	expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("the interquartile mean of few values is their median", () => {
	expect(middle([9])).toBe(9);
	expect(middle([9, 1])).toBe(5);
	expect(middle([1, 900, 2])).toBe(2);
	expect(middle([1, 900, 2, 4])).toBe(3);
	expect(middle([1, 2, 3, 4, 5, 6, 7, 900])).toBe(4.5);
});

test("the confidence interval contains the interquartile mean, and narrows with more values", () => {
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

test("a quantile of whole milliseconds has fractions", () => {
	expect(quantile([2, 2, 3, 3], 0.5)).toBe(2.5);
	expect(quantile([2, 2, 2, 3], 0.5)).toBeCloseTo(2.17, 2);
	expect(quantile([...Array(99).fill(1), 50], 0.99)).toBe(49.5);
});

test("a ratio meets its target if it is at least as high; a ratio of milliseconds if it is at most as high", () => {
	const of: Pick<Measured, "name" | "bare" | "tidings" | "range"> = {
		name: "",
		bare: [],
		tidings: [],
		range: [0, 9],
	};
	const isRateMet = (ratio: number) =>
		isMet({ ...of, unit: "events/s", target: 0.8, ratio });
	expect([0.79, 0.8].map(isRateMet)).toEqual([false, true]);
	const isTimeMet = (ratio: number) =>
		isMet({ ...of, unit: "ms", target: 1.2, ratio });
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
