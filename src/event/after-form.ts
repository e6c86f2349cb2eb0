/** Checks the form of `after` wherever an event is published. It does no calendar arithmetic; `after.ts` does. */
import { type Duration, UNIT_NAMES } from "./duration.ts";
import { RefusedError } from "./errors.ts";

/**
 * When to deliver an event: later than now, at most one calendar year ahead. The forms are:
 *
 * - milliseconds to wait, or an epoch timestamp in milliseconds if the number exceeds ten years of milliseconds
 * - a `Date`
 * - `"<number> <unit>"`
 * - an RFC 3339 date-time with `Z` or an offset
 */
export type After = number | Date | Duration | (string & {});

export const FORMS = `give milliseconds, an epoch timestamp in milliseconds, a Date, "<number> <unit>" in ${UNIT_NAMES} such as "2 hours", or a date-time such as "2027-01-14T17:46:05.811Z"`;

/** @throws RefusedError `invalid_after` unless it is a finite number, a string or a valid `Date` */
export function checkForm(
	after: unknown,
): asserts after is number | string | Date {
	if (typeof after === "string") return;
	if (Number.isFinite(after)) return;
	if (after instanceof Date) {
		if (!Number.isNaN(after.getTime())) return;
		throw refusal("Invalid Date", "has no time; give a valid Date");
	}
	if (isDayjs(after))
		throw refusal("a dayjs object", "is not accepted; give its `.toDate()`");
	throw refusal(after, `is not a time; ${FORMS}`);
}

function isDayjs(value: unknown): boolean {
	return (
		typeof value === "object" &&
		value !== null &&
		typeof (value as { toDate?: unknown }).toDate === "function"
	);
}

/** Returns the error for an invalid `after`. */
export function refusal(value: unknown, why: string): RefusedError {
	return new RefusedError("invalid_after", `after: ${shown(value)} ${why}`);
}

function shown(value: unknown): string {
	try {
		// JSON would show NaN and Infinity as null.
		const text = typeof value === "number" ? undefined : JSON.stringify(value);
		return (text ?? String(value)).slice(0, 100);
	} catch {
		return typeof value;
	}
}
