/** Reads the instants that a test gives: when it begins, and to when it advances. */
import { dueTime } from "../event/after.ts";
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";

/** Returns the instant in epoch milliseconds. @throws RefusedError `invalid_after` */
export function instantOf(to: unknown, now: number): number {
	try {
		return dueTime(to, now);
	} catch (error) {
		const { code, message } = error as RefusedError;
		throw new RefusedError(code, message.replace(/^after/, "advance"));
	}
}

const DEFAULT_START = Date.UTC(2027, 0, 1);

/** Returns the instant in epoch milliseconds. @throws TypeError unless it is one */
export function startOf(now: Date | number | string = DEFAULT_START): number {
	const hasZone = typeof now !== "string" || /(Z|[+-]\d\d:\d\d)$/i.test(now);
	const start = new Date(now).getTime();
	if (hasZone && Number.isFinite(start)) return start;
	throw new TypeError(
		`createTestEvents: now: ${show(now)} is not an instant; use a Date, epoch milliseconds or a text such as "2027-03-01T09:00Z"`,
	);
}
