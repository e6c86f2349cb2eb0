/** Pages of a list: their size, and the cursor that leads from one to the next. */
import { RefusedError } from "./errors.ts";

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

/** A place in an order by time and id. */
export type Position = [at: number, id: string];

/** @throws RefusedError `invalid_request` unless it is 1 to 1 000; default 100 */
export function pageSize(limit = DEFAULT_SIZE): number {
	if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_SIZE) return limit;
	throw new RefusedError(
		"invalid_request",
		`limit: ${limit} is not a whole number from 1 to ${MAX_SIZE}`,
	);
}

/**
 * The cursor is opaque to callers: base64url of the last place they saw. What is percent-encoded never comes to
 * a slash, so there is none to replace.
 */
export function cursorOf([at, id]: Position): string {
	return btoa(encodeURIComponent(`${at} ${id}`))
		.replaceAll("+", "-")
		.replaceAll("=", "");
}

/** @throws RefusedError `invalid_request` for what is no cursor */
export function positionOf(cursor: string | undefined): Position | undefined {
	if (cursor === undefined) return undefined;
	try {
		const text = decodeURIComponent(atob(cursor.replaceAll("-", "+")));
		const [, at, id] = /^(\d+) (.*)/s.exec(text) as RegExpExecArray;
		return [Number(at), id as string];
	} catch {
		// It is no base64, no text, or no place.
		throw new RefusedError(
			"invalid_request",
			"cursor: it is not one that a page was answered with",
		);
	}
}
