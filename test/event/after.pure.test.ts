import dayjs from "dayjs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dueTime } from "../../src/event/after.ts";
import { NOW, refusal } from "../support/refusal.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TEN_YEARS = 3_653 * DAY;

/** Computes months later by the UTC calendar, without a library: the same day, or the last of the month. */
function monthsAfter(now: number, months: number): number {
	const start = new Date(now);
	const then = new Date(now);
	then.setUTCMonth(start.getUTCMonth() + months);
	if (then.getUTCDate() !== start.getUTCDate()) then.setUTCDate(0);
	return then.getTime();
}

test("a number is a wait in milliseconds, rounded up", () => {
	expect(dueTime(1, NOW)).toBe(NOW + 1);
	expect(dueTime(0.2, NOW)).toBe(NOW + 1);
	expect(dueTime(90_000.5, NOW)).toBe(NOW + 90_001);
	expect(dueTime(365 * DAY, NOW)).toBe(NOW + 365 * DAY);
});

test("a number up to ten years of milliseconds is a wait, a larger one an epoch timestamp", () => {
	expect(refusal(TEN_YEARS).message).toMatch(/more than one year ahead/);
	expect(refusal(TEN_YEARS + 1).message).toMatch(/not in the future/);
	expect(dueTime(NOW + 5_000, NOW)).toBe(NOW + 5_000);
});

test("a Date is its own time", () => {
	expect(dueTime(new Date(NOW + 1), NOW)).toBe(NOW + 1);
	expect(refusal(new Date(Number.NaN)).message).toBe(
		'after: "Invalid Date" has no time; give a valid Date',
	);
});

test.each([
	["1 second", SECOND],
	["90 seconds", 90 * SECOND],
	["1 minute", MINUTE],
	["2 minutes", 2 * MINUTE],
	["1 hour", HOUR],
	["2 hours", 2 * HOUR],
	["1 day", DAY],
	["1 days", DAY],
	["2 day", 2 * DAY],
	["1 week", 7 * DAY],
	["3 weeks", 21 * DAY],
	["1 DAY", DAY],
	["2 Hours", 2 * HOUR],
	["  2   hours ", 2 * HOUR],
	["1.5 seconds", 1_500],
	["0.5 minutes", 30 * SECOND],
	["1.25 hours", 75 * MINUTE],
	["1.5 days", 36 * HOUR],
	["0.5 weeks", 84 * HOUR],
	["0.0001 seconds", 1],
] as const)("%j is due %i ms from now", (after, wait) => {
	expect(dueTime(after, NOW)).toBe(NOW + wait);
});

test.each([
	["2027-01-31T12:00:00.007Z", "1 month", "2027-02-28T12:00:00.007Z"],
	["2028-01-31T12:00:00.000Z", "1 MONTH", "2028-02-29T12:00:00.000Z"],
	["2027-03-31T23:59:59.999Z", "3 months", "2027-06-30T23:59:59.999Z"],
	["2027-10-31T00:00:00.000Z", "4 months", "2028-02-29T00:00:00.000Z"],
	["2027-01-14T17:46:05.811Z", "12 months", "2028-01-14T17:46:05.811Z"],
	["2027-01-14T17:46:05.811Z", "1 years", "2028-01-14T17:46:05.811Z"],
	["2028-02-29T17:46:05.811Z", "1 year", "2029-02-28T17:46:05.811Z"],
])("at %s, %j means %s", (now, after, due) => {
	expect(new Date(dueTime(after, Date.parse(now))).toISOString()).toBe(due);
});

test("months follow the UTC calendar on every day", () => {
	fc.assert(
		fc.property(
			fc.integer({
				min: Date.UTC(2000, 0),
				max: Date.UTC(2100, 0),
			}),
			fc.integer({ min: 1, max: 12 }),
			(now, months) => {
				expect(dueTime(`${months} months`, now)).toBe(monthsAfter(now, months));
			},
		),
	);
});

test.each(["1.5 months", "0.5 years", "1.0001 year"])(
	"%j is rejected: a fraction of a month or year has no fixed length",
	(after) => {
		expect(refusal(after).message).toMatch(/; give whole months or years/);
	},
);

test.each(["5 parsecs", "1 m", "1 dayss", "1 s", "3 constructor"])(
	"%j is rejected, and the error lists the units",
	(after) => {
		expect(refusal(after).message).toContain(JSON.stringify(after));
		expect(refusal(after).message).toMatch(/seconds, minutes, .*or years/);
	},
);

test.each([
	["2027-01-14T18:00:00Z", "2027-01-14T18:00:00.000Z"],
	["2027-01-14T18:00:00.25Z", "2027-01-14T18:00:00.250Z"],
	["2027-01-14t18:00:00z", "2027-01-14T18:00:00.000Z"],
	["2027-01-14T20:30:00+02:30", "2027-01-14T18:00:00.000Z"],
	["2027-01-14T13:00:00-05:00", "2027-01-14T18:00:00.000Z"],
	["2027-01-14T18:00:00-00:00", "2027-01-14T18:00:00.000Z"],
	["2027-01-15T00:30:00+01:00", "2027-01-14T23:30:00.000Z"],
	["2027-01-15T17:59:00+23:59", "2027-01-14T18:00:00.000Z"],
	["2028-01-01T00:00:00.0000001Z", "2028-01-01T00:00:00.001Z"],
])("%s is the instant %s", (after, due) => {
	expect(new Date(dueTime(after, NOW)).toISOString()).toBe(due);
});

test.each([
	[
		"2027-02-30T00:00:00Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-02-29T00:00:00Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-13-01T00:00:00Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-05-01T24:00:00Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-05-01T23:60:00Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-05-01T23:59:60Z",
		"names a date or time that does not exist; give a date and time of the calendar",
	],
	[
		"2027-05-01T12:00:00+24:00",
		"has an offset that does not exist, +24:00; give Z or an offset up to 23:59",
	],
	[
		"2027-05-01T12:00:00-01:60",
		"has an offset that does not exist, -01:60; give Z or an offset up to 23:59",
	],
])("%j %s", (after, why) => {
	expect(refusal(after).message).toBe(`after: ${JSON.stringify(after)} ${why}`);
});

test.each([
	"2027",
	"5000",
	"2027-05-01",
	"2027-05-01T12:00Z",
	"2027-05-01T12:00:00",
	"2027-05-01T12:00:00+0100",
	"2027-05-01T12:00:00Zulu",
	"+002027-05-01T12:00:00Z",
	"tomorrow",
	"1day",
	"1 day later",
	"-1 day",
	"1e3 seconds",
	"1,5 days",
	".5 days",
	"",
])("%j is rejected, and the error shows it and the forms", (after) => {
	const { message } = refusal(after);
	const start = `after: ${JSON.stringify(after)} is not a time; give milliseconds`;
	expect(message.startsWith(start)).toBe(true);
});

test("the ISO string of a Date is exactly that millisecond", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 365 * DAY }), (ahead) => {
			const date = new Date(NOW + ahead);
			expect(dueTime(date.toISOString(), NOW)).toBe(date.getTime());
		}),
	);
});

test("a dayjs object is rejected, and the error suggests toDate", () => {
	const tomorrow = dayjs(NOW).add(1, "day");
	expect(refusal(tomorrow).message).toMatch(/dayjs.*`\.toDate\(\)`/);
	expect(dueTime(tomorrow.toDate(), NOW)).toBe(NOW + DAY);
});

test.for<[after: unknown, name: string]>([
	[Number.NaN, "NaN"],
	[Number.POSITIVE_INFINITY, "Infinity"],
	[Number.NEGATIVE_INFINITY, "-Infinity"],
	[null, "null"],
	[undefined, "undefined"],
	[true, "true"],
	[{ days: 1 }, '{"days":1}'],
	[["1 day"], '["1 day"]'],
	[Symbol("soon"), "Symbol(soon)"],
	[1n, "bigint"],
	[{ days: 1n }, "object"],
	[Array(100).fill(0), `[${"0,".repeat(49)}0`],
])("%s is rejected, and the error shows it and the forms", ([after, name]) => {
	const { message } = refusal(after);
	expect(message.startsWith(`after: ${name} is not a time; `)).toBe(true);
	expect(message).toMatch(/give milliseconds, .* a Date, .*date-time such as/);
});

test("any other value is rejected with invalid_after", () => {
	const noTime = fc
		.anything({ withBigInt: true, withNullPrototype: true })
		.filter((value) => typeof value !== "number");
	fc.assert(
		fc.property(noTime, (value) => {
			refusal(value);
		}),
	);
});
