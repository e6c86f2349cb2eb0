/** Reads and writes the size and the cursor of a page of a list. It reads no list. */
import { RefusedError } from "../event/errors.ts";

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

/** A position in a list that is sorted by time and id. */
export type Position = readonly [at: number, id: string];

/** Returns the size of a page. Default 100. @throws RefusedError `invalid_request` unless it is 1 to 1 000 */
export function pageSize(limit = DEFAULT_SIZE): number {
	if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_SIZE) return limit;
	throw new RefusedError(
		"invalid_request",
		`limit: ${limit} is not a page size; give a whole number from 1 to ${MAX_SIZE}`,
	);
}

/**
 * Returns the cursor of the last position on a page. It is base64url, and opaque to callers. The base64 of
 * percent-encoded text never contains a slash.
 */
export function cursorOf([at, id]: Position): string {
	return btoa(encodeURIComponent(`${at} ${id}`))
		.replaceAll("+", "-")
		.replaceAll("=", "");
}

/** Returns the position of a cursor. @throws RefusedError `invalid_request` for an invalid cursor */
export function positionOf(cursor: string | undefined): Position | undefined {
	if (cursor === undefined) return undefined;
	try {
		const text = decodeURIComponent(atob(cursor.replaceAll("-", "+")));
		// More digits would be Infinity at last, which no store has.
		const [, at, id] = /^(\d{1,16}) (.*)/s.exec(text) as RegExpExecArray;
		return [Number(at), id as string];
	} catch {
		// It is not base64, not text, or not a position.
		throw new RefusedError(
			"invalid_request",
			"cursor: it is not a cursor; give the one of the page before",
		);
	}
}
