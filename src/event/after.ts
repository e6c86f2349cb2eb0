/** Computes the due time of an event published with `after`, by the UTC calendar. It reads no clock. */
import dayjs from "dayjs";
import utc from "dayjs/plugin/utc.js";
import { checkForm, FORMS, refusal } from "./after-form.ts";
import { readSpan, UNIT_NAMES } from "./duration.ts";

dayjs.extend(utc);

/** Ten years of milliseconds. A smaller number is a wait, a larger number is an epoch timestamp. */
const LONGEST_WAIT_NUMBER = 3_653 * 86_400_000;

/**
 * Returns the due time in epoch milliseconds.
 *
 * @throws RefusedError `invalid_after` unless it has a known form, and is later than `now` and at most one calendar
 * year ahead
 */
export function dueTime(after: unknown, now: number): number {
	const due = instant(after, now);
	if (!(due > now))
		throw refusal(after, "is not in the future; give a time later than now");
	const latest = dayjs.utc(now).add(1, "year").valueOf();
	if (due > latest)
		throw refusal(
			after,
			`is more than one year ahead; give ${new Date(latest).toISOString()} or earlier`,
		);
	return due;
}

function instant(after: unknown, now: number): number {
	checkForm(after);
	if (typeof after === "number") return fromNumber(after, now);
	return typeof after === "string" ? fromText(after, now) : after.getTime();
}

function fromNumber(after: number, now: number): number {
	const whole = Math.ceil(after);
	return whole <= LONGEST_WAIT_NUMBER ? now + whole : whole;
}

function fromText(after: string, now: number): number {
	const span = readSpan(after);
	if (span === undefined) return fromDateTime(after);
	if (span.unit === null)
		throw refusal(after, `has an unknown unit; use ${UNIT_NAMES}`);
	if (span.unit !== "month" && span.unit !== "year") return now + span.fixed;
	if (!Number.isInteger(span.amount))
		throw refusal(
			after,
			`is a fraction of a ${span.unit}; give whole months or years, or a fraction of weeks or smaller units`,
		);
	return dayjs
		.utc(now)
		.add(Math.min(span.amount, 100_000), span.unit)
		.valueOf();
}

const DATE_TIME =
	/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i;

/** Reads RFC 3339, section 5.6, without leap seconds. A date that does not exist, such as 30 February, is rejected. */
function fromDateTime(text: string): number {
	const match = DATE_TIME.exec(text);
	if (!match) throw refusal(text, `is not a time; ${FORMS}`);
	const [, year, month, day, hour, minute, second, fraction = "", zone] = match;
	const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
	const wall = new Date(local);
	if (Number.isNaN(wall.getTime()) || wall.toISOString() !== local)
		throw refusal(
			text,
			"names a date or time that does not exist; give a date and time of the calendar",
		);
	return (
		wall.getTime() +
		Math.ceil(Number(`0.${fraction}`) * 1_000) -
		offset(text, zone as string)
	);
}

/** Returns an offset in milliseconds. `Z` has no digits, which read as 0. */
function offset(text: string, zone: string): number {
	const hours = Number(zone.slice(1, 3));
	const minutes = Number(zone.slice(4));
	if (hours > 23 || minutes > 59)
		throw refusal(
			text,
			`has an offset that does not exist, ${zone}; give Z or an offset up to 23:59`,
		);
	return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
