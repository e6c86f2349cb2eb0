/**
 * Reads durations: milliseconds, `"<number> <unit>"`, or the header `Retry-After`. It does not use the calendar;
 * `after.ts` does.
 */

/** Milliseconds, or `"<number> <unit>"`, such as `"90 seconds"` or `"1.5 hours"`. */
export type Duration = number | `${number} ${string}`;

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** Milliseconds of each unit. Without a calendar date, a month is 30 days and a year is 365. */
const UNITS = {
	second: SECOND,
	minute: 60 * SECOND,
	hour: 3_600 * SECOND,
	day: DAY,
	week: 7 * DAY,
	month: 30 * DAY,
	year: 365 * DAY,
} as const;

type Unit = keyof typeof UNITS;

export const UNIT_NAMES =
	"seconds, minutes, hours, days, weeks, months or years";

const FORM = /^(\d+(?:\.\d+)?) +([a-z]+)$/i;

/** Reads `"<number> <unit>"`, in any case, singular or plural. Returns `undefined` for any other form. */
export function readSpan(
	text: string,
): { amount: number; unit: Unit; fixed: number } | { unit: null } | undefined {
	const match = FORM.exec(text.trim());
	if (!match) return undefined;
	const amount = Number(match[1]);
	const word = (match[2] as string).toLowerCase().replace(/s$/, "");
	if (!Object.hasOwn(UNITS, word)) return { unit: null };
	const unit = word as Unit;
	// 1.1 hours are 3960000.0000000005 ms as a double, which is exact to 15 digits only.
	const fixed = Math.ceil(Number((amount * UNITS[unit]).toPrecision(15)));
	return { amount, unit, fixed };
}

/**
 * Returns a duration in whole milliseconds, greater than zero. A month is 30 days, a year is 365.
 *
 * @param what the option's name, for the error
 * @throws RangeError if the value is not a duration
 */
export function milliseconds(duration: Duration, what: string): number {
	const value = millisecondsIn(duration);
	if (Number.isFinite(value) && value > 0) return value;
	throw new RangeError(
		`${what}: ${typeof duration === "number" ? duration : JSON.stringify(duration)} is not a duration; give milliseconds greater than 0, or "<number> <unit>" in ${UNIT_NAMES}`,
	);
}

/** NaN for a value that is not a duration. */
function millisecondsIn(duration: Duration): number {
	if (typeof duration === "number") return Math.ceil(duration);
	if (typeof duration !== "string") return Number.NaN;
	const span = readSpan(duration);
	return span?.unit ? span.fixed : Number.NaN;
}

/** The three forms of an HTTP date begin with a day of the week. `Date.parse` alone would accept nearly any text. */
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i;

/**
 * Reads the HTTP header `Retry-After` (RFC 9110, 10.2.3). Returns the time that it states, in epoch milliseconds: now
 * plus its seconds, or its date. Undefined for any other text.
 */
export function retryAfterTime(text: string, now: number): number | undefined {
	const value = text.trim();
	if (/^\d+(\.\d+)?$/.test(value)) return now + Number(value) * 1_000;
	if (!HTTP_DATE.test(value)) return undefined;
	// The oldest form has no time zone. It is UTC.
	const time = Date.parse(/ GMT$/i.test(value) ? value : `${value} GMT`);
	return Number.isNaN(time) ? undefined : time;
}
