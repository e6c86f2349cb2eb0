import fc from "fast-check";
import { expect, test } from "vitest";
import { dueTime } from "../../src/event/after.ts";
import { NOW, refusal } from "../support/refusal.ts";

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** Computes a year later by the UTC calendar, without a library: the same day, or the last of the month. */
function yearAfter(now: number): number {
	const start = new Date(now);
	const then = new Date(now);
	then.setUTCFullYear(start.getUTCFullYear() + 1);
	if (then.getUTCDate() !== start.getUTCDate()) then.setUTCDate(0);
	return then.getTime();
}

test.each([
	[0],
	[-1],
	[-0.5],
	["0 seconds"],
	[NOW],
	[NOW - 1],
	[new Date(NOW)],
	[new Date(NOW - 1)],
	["2027-01-14T17:46:05.811Z"],
	["1999-12-31T23:59:59Z"],
])("%j is rejected: an event must be due later than now", (after) => {
	expect(refusal(after).message).toMatch(/not in the future.*later than now/);
});

test.each([
	["2027-01-14T17:46:05.811Z", "2028-01-14T17:46:05.811Z"],
	["2027-03-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
	["2028-02-28T00:00:00.000Z", "2029-02-28T00:00:00.000Z"],
	["2028-02-29T10:00:00.500Z", "2029-02-28T10:00:00.500Z"],
])(
	"from %s an event may be due in exactly one year, at %s, in every form",
	(from, until) => {
		const now = Date.parse(from);
		const latest = Date.parse(until);
		const past = new Date(latest + 1);
		for (const after of [latest - now, latest, until, "1 year", "12 months"])
			expect(dueTime(after, now)).toBe(latest);
		expect(dueTime(new Date(latest), now)).toBe(latest);
		for (const after of [
			latest + 1 - now,
			latest + 1,
			past,
			past.toISOString(),
		])
			expect(refusal(after, now).message).toContain(
				`more than one year ahead; give ${until} or earlier`,
			);
	},
);

test.each(["13 months", "2 years", "53 weeks", "367 days", "9".repeat(30)])(
	"%s is rejected, whenever the year begins",
	(span) => {
		const after = span.includes(" ") ? span : `${span} years`;
		expect(refusal(after).message).toMatch(/more than one year ahead/);
	},
);

const anyNow = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) });

const anyAfter = (now: number): fc.Arbitrary<[after: unknown, from: number]> =>
	fc.oneof(
		fc
			.integer({ min: 1, max: 3_660 * DAY })
			.map((tenths): [unknown, number] => [tenths / 10, now + tenths / 10]),
		fc
			.integer({ min: now - DAY, max: now + 367 * DAY })
			.chain((at) =>
				fc.constantFrom<[unknown, number]>(
					[at, at],
					[new Date(at), at],
					[new Date(at).toISOString(), at],
				),
			),
		fc
			.tuple(fc.integer({ min: 0, max: 9_000_000 }), fc.nat(999))
			.map(([whole, part]): [unknown, number] => [
				`${whole}.${part} seconds`,
				now + Number(`${whole}.${part}`) * SECOND,
			]),
	);

test("a due time is never earlier than requested, nor more than a year ahead", () => {
	fc.assert(
		fc.property(
			anyNow.chain((now) => fc.tuple(fc.constant(now), anyAfter(now))),
			([now, [after, from]]) => {
				const latest = yearAfter(now);
				if (from <= now || from > latest) {
					refusal(after, now);
				} else {
					const due = dueTime(after, now);
					expect(due).toBeGreaterThanOrEqual(Math.floor(from * 1e3) / 1e3);
					expect(due).toBeLessThan(from + 1.001);
					expect(due).toBeLessThanOrEqual(latest);
				}
			},
		),
		{ numRuns: 300 },
	);
});
