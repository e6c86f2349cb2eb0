import { describe, expect, test } from "vitest";
import { longestText } from "../../../src/apps/schema/pattern-cost.ts";

describe("a pattern", () => {
	test.for([
		["^https://", 1_000_000],
		["foo", 1_000_000],
		["^[a-z]+$", 1_000_000],
		["^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", 1_000_000],
		["^\\d{4}-\\d{2}-\\d{2}$", 1_000_000],
		["^(red|green|blue)$", 333_333],
		["^[a-z0-9]+(?:-[a-z0-9]+)*$", 1_000],
		["^([a-z0-9-]+\\.)+[a-z]{2,}$", 1_000],
		["^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", 1_000],
		["\\s+$", 1_000],
		["^\\d+(\\.\\d+)?$", 79],
		["b|.(?:[a-z]+[ab]*\\.)", 79],
		["^[^\\]\\\\]+[\\u{1F600}-\\u{1F64F}]+$", 1_000],
	] as const)(
		"%s is tried with at most %i characters",
		([pattern, longest]) => {
			expect(() => new RegExp(pattern, "u")).not.toThrow();
			expect(longestText(pattern)).toBe(longest);
		},
	);

	test.for([
		"(a+)+$",
		"^(a*)*$",
		"^(a|a)*$",
		"^(a|ab)+$",
		"^(a?){30}a{30}$",
		"^(a{0,2}){40}$",
		"^((a+)-?)+$",
		"^([a-z-]+-)+$",
		"^(-a*a*)+$",
		"^(a(b)*)+$",
		"^(?=(a+))\\1$",
		"^(a)\\1$",
		"^(?<x>a)\\k<x>$",
		"(?<=a+)b",
		"^a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaa$",
		"^a*a*a*a*a*b",
		"^(?i:a*Aa*Aa*Aa*Aa*Ab)$",
		"^(?i:(a-*A)*)$",
		"^(?:(?i:a)*A)*b$",
	])("%s may be tried with no text of 20 characters", (pattern) => {
		expect(() => new RegExp(pattern, "u")).not.toThrow();
		expect(longestText(pattern)).toBeLessThan(20);
	});

	test("takes no noticeable time with the longest text", () => {
		for (const pattern of [
			"^[a-z0-9]+(?:-[a-z0-9]+)*$",
			"^([a-z0-9-]+\\.)+[a-z]{2,}$",
			"^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
			"\\s+$",
			"a+b",
			"^a*a*b",
		])
			for (const unit of ["a", "-", "a-", "a.", " ", "@.", "a@a."]) {
				const text = unit.repeat(longestText(pattern)).slice(0, 262_144);
				const start = performance.now();
				new RegExp(pattern, "u").test(
					`${text.slice(0, longestText(pattern))}!`,
				);
				expect([pattern, performance.now() - start < 300]).toEqual([
					pattern,
					true,
				]);
			}
	});
});
