import fc from "fast-check";
import { expect, test } from "vitest";
import {
	type Duration,
	milliseconds,
	readSpan,
} from "../../src/event/duration.ts";

const UNITS = {
	second: 1_000,
	minute: 60_000,
	hour: 3_600_000,
	day: 86_400_000,
	week: 604_800_000,
	month: 2_592_000_000,
	year: 31_536_000_000,
};

test.each(Object.entries(UNITS))(
	"a %s is %i ms, singular or plural, in any case",
	(unit, length) => {
		const shouted = unit.toUpperCase();
		expect(milliseconds(`1 ${unit}`, "base")).toBe(length);
		expect(milliseconds(`3 ${unit}s`, "base")).toBe(3 * length);
		expect(milliseconds(`3 ${shouted}S`, "base")).toBe(3 * length);
		expect(milliseconds(`0.5 ${unit}`, "base")).toBe(length / 2);
	},
);

test("a number is milliseconds, rounded up", () => {
	expect(milliseconds(1, "base")).toBe(1);
	expect(milliseconds(0.1, "base")).toBe(1);
	expect(milliseconds(1_500.5, "base")).toBe(1_501);
});

test("a fraction of a unit is exact to the millisecond", () => {
	fc.assert(
		fc.property(
			fc.constantFrom("second", "minute", "hour", "day", "week"),
			fc.integer({ min: 1, max: 9_999 }),
			(unit, hundredths) => {
				const length = UNITS[unit as keyof typeof UNITS];
				expect(milliseconds(`${hundredths / 100} ${unit}s`, "base")).toBe(
					(hundredths * length) / 100,
				);
			},
		),
	);
});

test.for<unknown>([
	0,
	-1,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	"0 seconds",
	"5000",
	"5 parsecs",
	"1day",
	"-1 day",
	" ",
	"1e3 seconds",
	"1 day later",
	null,
	undefined,
	true,
	[5],
	{},
	new Date(5),
])("%s is not a duration, and the error names the option", (duration) => {
	expect(() => milliseconds(duration as Duration, "maxAge")).toThrow(
		/^maxAge: .* is not a duration; give milliseconds greater than 0, or "<number> <unit>" in seconds, .* years$/,
	);
	expect(() => milliseconds(duration as Duration, "maxAge")).toThrow(
		RangeError,
	);
});

test.each([
	[Number.NaN, "NaN"],
	[Number.POSITIVE_INFINITY, "Infinity"],
	["5 parsecs", '"5 parsecs"'],
])("the error for %s shows it", (duration, name) => {
	expect(() => milliseconds(duration as Duration, "base")).toThrow(
		`base: ${name} is`,
	);
});

test("a span has an amount and a unit", () => {
	expect(readSpan("2 Months")).toEqual({
		amount: 2,
		unit: "month",
		fixed: 2 * UNITS.month,
	});
});

test("a span with an unknown unit differs from text that is not a span", () => {
	expect(readSpan("5 parsecs")).toEqual({ unit: null });
	expect(readSpan("5 constructor")).toEqual({ unit: null });
	expect(readSpan("2027-01-14T17:46:05Z")).toBeUndefined();
	expect(readSpan("five days")).toBeUndefined();
});

test("any text is read without an error", () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			const span = readSpan(text);
			expect(span === undefined || "unit" in span).toBe(true);
		}),
	);
});
