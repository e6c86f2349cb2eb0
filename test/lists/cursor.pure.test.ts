import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cursorOf, pageSize, positionOf } from "../../src/lists/cursor.ts";

describe("a cursor", () => {
	test("is read as its position, whatever the id", () => {
		const place = fc.tuple(
			fc.nat(Number.MAX_SAFE_INTEGER),
			fc.oneof(
				fc.uuid().map((id) => `${id}:order.*:send-receipt`),
				fc.string({ unit: "grapheme" }),
				fc.constantFrom("", " ", "a b", "a\nb", "%", "é:😀", "?/+="),
			),
		);
		fc.assert(
			fc.property(place, (place) => {
				expect(positionOf(cursorOf(place))).toEqual(place);
			}),
			{ numRuns: 300 },
		);
	});

	test("needs no escaping in a URL", () => {
		fc.assert(
			fc.property(fc.nat(), fc.string({ unit: "grapheme" }), (at, id) => {
				expect(cursorOf([at, id])).toMatch(/^[A-Za-z0-9-]+$/);
			}),
		);
		// A tilde is the one character whose base64 has a plus.
		for (const id of ["~", "a~", "ab~", "~~~~"]) {
			expect(cursorOf([1, id])).toMatch(/^[A-Za-z0-9-]+$/);
			expect(positionOf(cursorOf([1, id]))).toEqual([1, id]);
		}
	});

	test("that is absent has no position", () => {
		expect(positionOf(undefined)).toBeUndefined();
	});

	test.for([
		"",
		"garbage",
		"!",
		"%%%",
		btoa("no time"),
		btoa("-1 id"),
		btoa("1.5 id"),
		btoa("12"),
		btoa("%ff"),
		btoa("%"),
		5,
		null,
		{},
	])("%j is rejected: no page had it", (cursor) => {
		expect(() => positionOf(cursor as string)).toThrow(
			expect.objectContaining({
				code: "invalid_request",
				message: expect.stringMatching(/^cursor: /),
			}),
		);
	});

	test("is either read or rejected, whatever text it is", () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				try {
					const [at, id] = positionOf(text) ?? [];
					expect([typeof at, typeof id]).toEqual(["number", "string"]);
				} catch (error) {
					expect(error).toMatchObject({ code: "invalid_request" });
				}
			}),
		);
	});
});

describe("a page's size", () => {
	test("is 1 to 1 000, by default 100", () => {
		expect(pageSize()).toBe(100);
		expect(pageSize(undefined)).toBe(100);
		expect(pageSize(1)).toBe(1);
		expect(pageSize(1_000)).toBe(1_000);
	});

	test.for([
		0,
		-1,
		1_001,
		1.5,
		Number.NaN,
		Number.POSITIVE_INFINITY,
		"5",
		null,
	])("%s is rejected, and the error shows the range", (limit) => {
		expect(() => pageSize(limit as number)).toThrow(
			expect.objectContaining({
				code: "invalid_request",
				message: `limit: ${limit} is not a page size; give a whole number from 1 to 1000`,
			}),
		);
	});
});
