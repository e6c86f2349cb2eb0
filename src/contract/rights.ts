/** What a caller may publish, and therefore cancel and reschedule. */
import { ForbiddenError } from "./errors.ts";
import { matches } from "./pattern.ts";

/** Patterns of the names that a caller may publish; `"all"` for every name. */
export type PublishRight = "all" | readonly string[];

export function mayPublish(right: PublishRight, name: string): boolean {
	return right === "all" || right.some((pattern) => matches(pattern, name));
}

/** @param caller who asks, for the error. @throws ForbiddenError */
export function checkPublish(
	right: PublishRight,
	name: string,
	caller: string,
): void {
	if (mayPublish(right, name)) return;
	const listing = right.length > 0 ? (right as string[]).join(", ") : "nothing";
	throw new ForbiddenError(
		`${caller} may not publish, cancel or reschedule ${JSON.stringify(name)}: it may publish ${listing}`,
	);
}
