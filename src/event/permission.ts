/** What a caller may publish, and therefore cancel and reschedule. */
import { ForbiddenError } from "./errors.ts";
import { isReservedName, matches } from "./name.ts";

/** Patterns of the names that a caller may publish; `"all"` for every name. */
export type PublishPermission = "all" | readonly string[];

export function mayPublish(right: PublishPermission, name: string): boolean {
	if (right === "all") return true;
	return (
		!isReservedName(name) && right.some((pattern) => matches(pattern, name))
	);
}

/** @param caller who asks, for the error. @throws ForbiddenError that names what the caller asked for */
export function checkPublish(
	right: PublishPermission,
	name: string,
	caller: string,
): void {
	if (mayPublish(right, name)) return;
	const listing = right.length > 0 ? (right as string[]).join(", ") : "nothing";
	throw new ForbiddenError(
		`${caller} may not publish ${JSON.stringify(name)}: it may publish ${listing}`,
	);
}

/** Who moves an event that is known by its id alone. */
export interface Requester {
	permission: PublishPermission;
	/** Who asks, for the error. */
	caller: string;
}

/** The Worker that owns the events. */
export const OWNER: Requester = { permission: "all", caller: "the owner" };

/** The event's name is not told. */
export function forbiddenMove({ caller }: Requester): ForbiddenError {
	return new ForbiddenError(
		`${caller} may not cancel or reschedule this event: it may not publish it`,
	);
}
