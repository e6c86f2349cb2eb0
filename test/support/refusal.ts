/** The error that rejects an `after`, at an instant that all its tests share. */
import { expect } from "vitest";
import { dueTime } from "../../src/event/after.ts";
import type { RefusedError } from "../../src/event/errors.ts";

export const NOW = Date.UTC(2027, 0, 14, 17, 46, 5, 811);

/** Returns the error. Fails if `after` is accepted. */
export function refusal(after: unknown, now = NOW): RefusedError {
	try {
		dueTime(after, now);
	} catch (error) {
		expect(error).toMatchObject({
			name: "RefusedError",
			code: "invalid_after",
		});
		return error as RefusedError;
	}
	throw new Error(`${String(after)} was not rejected`);
}
