import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { matches } from "../../src/contract/pattern.ts";
import { PatternIndex } from "../../src/contract/pattern-index.ts";

interface Target {
	patterns: string[];
}

const indexOf = (targets: readonly Target[]) =>
	new PatternIndex(targets, ({ patterns }) => patterns);

const joined = (...of: string[]) =>
	fc
		.array(fc.constantFrom(...of), { minLength: 1, maxLength: 4 })
		.map((segments) => segments.join("."));

test("what it finds is what asking each pattern finds, in the same order and each once", () => {
	const target = fc.record({
		patterns: fc.array(joined("a", "b", "*", "**"), { maxLength: 3 }),
	});
	fc.assert(
		fc.property(
			fc.array(target, { maxLength: 8 }),
			joined("a", "b", "c"),
			(targets, name) => {
				const asked = targets.filter(({ patterns }) =>
					patterns.some((pattern) => matches(pattern, name)),
				);
				expect(indexOf(targets).find(name)).toEqual(asked);
				for (const [place, found] of indexOf(targets).find(name).entries())
					expect(found).toBe(asked[place]);
			},
		),
		{ numRuns: 500 },
	);
});

test("the name of an app's event is found by itself alone", () => {
	const name = "@my-org/email/new.email";
	const app = { patterns: [name] };
	const all = { patterns: ["**", "*", "*.*"] };
	expect(indexOf([all, app]).find(name)).toEqual([app]);
});

test("a name asks no more patterns where there are more that begin otherwise", () => {
	const split = vi.spyOn(String.prototype, "split");
	const asked = [1, 1_000].map((count) => {
		const others = Array.from({ length: count }, (_, n) => ({
			patterns: [`other.n${n}`, `other.m${n}.**`],
		}));
		const mine = { patterns: ["mine.**"] };
		const index = indexOf([...others, mine]);
		split.mockClear();
		expect(index.find("mine.is.new")).toEqual([mine]);
		return split.mock.calls.length;
	});
	split.mockRestore();
	expect(asked[0]).toBe(asked[1]);
});

test("a name of very many segments is looked at as far as patterns reach", () => {
	const all = { patterns: ["**"] };
	const one = { patterns: ["a.b"] };
	const name = "a.".repeat(50_000);
	expect(indexOf([all, one]).find(name)).toEqual([all]);
});
