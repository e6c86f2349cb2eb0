/** What `after` can be, apart from what it means: checked before it crosses a door, where no calendar is at hand. */
import { type Duration, UNIT_NAMES } from "./duration.ts";
import { RefusedError } from "./errors.ts";

/**
 * When to hand an event over: milliseconds to wait, an epoch timestamp in milliseconds (any number past
 * ten years of milliseconds), a `Date`, `"<number> <unit>"`, or an RFC 3339 date-time with `Z` or an
 * offset. Later than now, at most one calendar year ahead.
 */
export type After = number | Date | Duration | (string & {});

export const FORMS = `give milliseconds, an epoch timestamp in milliseconds, a Date, "<number> <unit>" in ${UNIT_NAMES}, or a date-time such as "2027-01-14T17:46:05.811Z"`;

/** @throws RefusedError `invalid_after` unless it is a finite number, a string or a valid `Date` */
export function checkForm(
	after: unknown,
): asserts after is number | string | Date {
	if (typeof after === "string") return;
	if (Number.isFinite(after)) return;
	if (after instanceof Date) {
		if (!Number.isNaN(after.getTime())) return;
		throw refusal("Invalid Date", "is no point in time");
	}
	if (isDayjs(after))
		throw refusal("a dayjs object", "is not taken: give its `.toDate()`");
	throw refusal(after, `is not a time: ${FORMS}`);
}

function isDayjs(value: unknown): boolean {
	return (
		typeof value === "object" &&
		value !== null &&
		typeof (value as { toDate?: unknown }).toDate === "function"
	);
}

export function refusal(value: unknown, why: string): RefusedError {
	return new RefusedError("invalid_after", `after: ${shown(value)} ${why}`);
}

function shown(value: unknown): string {
	try {
		// JSON makes NaN and Infinity null.
		const text = typeof value === "number" ? undefined : JSON.stringify(value);
		return (text ?? String(value)).slice(0, 100);
	} catch {
		return typeof value;
	}
}
