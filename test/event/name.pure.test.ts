import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkName, isName, isPattern, matches } from "../../src/event/name.ts";

describe("names", () => {
	test.each([
		"a",
		"my-event",
		"order.paid",
		"Order.Paid_2.x-9",
		"-",
		"0",
		"a".repeat(128),
		`${"a.".repeat(63)}ab`,
	])("%j is a name", (name) => {
		expect(isName(name)).toBe(true);
		expect(() => checkName(name)).not.toThrow();
	});

	test.each([
		"",
		".",
		"a.",
		".a",
		"a..b",
		"a b",
		"a\n",
		"a/b",
		"ord*r",
		"é",
		"a".repeat(129),
		`${"a.".repeat(64)}a`,
	])("%j is rejected, and the error shows it", (name) => {
		expect(isName(name)).toBe(false);
		expect(() => checkName(name)).toThrow(
			expect.objectContaining({
				code: "invalid_name",
				message: `name: ${JSON.stringify(name)} is not an event name; give 1 to 128 characters, segments of A-Z a-z 0-9 _ - joined by dots, such as "order.paid"`,
			}),
		);
	});

	test.each(["order.*", "order.**", "*", "**"])(
		"%j is rejected as a pattern, which only handlers accept",
		(name) => {
			expect(() => checkName(name)).toThrow(/is a pattern; .* only handlers/);
		},
	);

	test.each([
		[undefined, "undefined"],
		[null, "null"],
		[5, "number"],
		[{}, "object"],
	])("%j is rejected: a name is a string", (name, type) => {
		expect(() => checkName(name)).toThrow(
			expect.objectContaining({
				code: "invalid_name",
				message: `name: expected a string, got ${type}; give the name of an event`,
			}),
		);
	});

	test("an error shows at most 140 characters of a name", () => {
		expect(() => checkName("x".repeat(100_000))).toThrow(/^.{1,300}$/);
		expect(() => checkName("x".repeat(141))).toThrow(`"${"x".repeat(140)}…"`);
		expect(() => checkName("x".repeat(140))).toThrow(`"${"x".repeat(140)}" is`);
	});

	test("the grammar is 1 to 128 characters, segments joined by dots", () => {
		const text = fc.string({
			unit: fc.constantFrom("a", "Z", "0", "_", "-", ".", "*", " ", "é", "\n"),
			maxLength: 8,
		});
		fc.assert(
			fc.property(text, (name) => {
				expect(isName(name)).toBe(/^[\w-]+(\.[\w-]+)*$/.test(name));
			}),
			{ numRuns: 500 },
		);
	});
});

describe("patterns", () => {
	test.each([
		"order.paid",
		"*",
		"**",
		"order.*.paid",
		"**.paid",
		"a.**.b.*",
		`${"*.".repeat(63)}**`,
	])("%j is a pattern", (pattern) => {
		expect(isPattern(pattern)).toBe(true);
	});

	test.each([
		"",
		"order*",
		"order.p*",
		"***",
		"order.",
		"*.",
		"a..b",
		"?",
		`${"*.".repeat(64)}*`,
	])("%j is not a pattern: a star stands for whole segments", (pattern) => {
		expect(isPattern(pattern)).toBe(false);
	});

	test.each([
		["order.**", "order", true],
		["order.**", "order.a", true],
		["order.**", "order.a.b", true],
		["order.**", "orders.a", false],
		["order.**", "orders", false],
		["order.*", "order.a", true],
		["order.*", "order", false],
		["order.*", "order.a.b", false],
		["*", "order", true],
		["*", "order.a", false],
		["**", "order.a.b", true],
		["**.paid", "paid", true],
		["**.paid", "order.eu.paid", true],
		["**.paid", "order.paid.late", false],
		["a.**.b", "a.b", true],
		["a.**.b", "a.b.c.b", true],
		["a.**.*", "a", false],
		["Order.paid", "order.paid", false],
	])("%s against %s is %s", (pattern, name, expected) => {
		expect(matches(pattern, name)).toBe(expected);
	});

	test("a pattern matches like its regular expression: * is one segment, ** any number", () => {
		const segments = (...of: string[]) =>
			fc
				.array(fc.constantFrom(...of), { minLength: 1, maxLength: 6 })
				.map((each) => each.join("."));
		fc.assert(
			fc.property(
				segments("a", "b", "*", "**"),
				segments("a", "b", "ab"),
				(pattern, name) => {
					expect(matches(pattern, name)).toBe(oracle(pattern).test(`${name}.`));
				},
			),
			{ numRuns: 2_000 },
		);
	});

	test("many stars against a long name take no exponential time", () => {
		const name = Array(64).fill("a").join(".");
		expect(matches(`${"**.a.".repeat(25)}b`, name)).toBe(false);
		expect(matches(`${"**.a.".repeat(25)}a`, name)).toBe(true);
	});
});

/** Each segment, and the dot after it, as a regular expression. */
function oracle(pattern: string): RegExp {
	const parts = pattern.split(".").map((segment) => {
		if (segment === "**") return "(?:[^.]+\\.)*";
		return segment === "*" ? "[^.]+\\." : `${segment}\\.`;
	});
	return new RegExp(`^${parts.join("")}$`);
}
