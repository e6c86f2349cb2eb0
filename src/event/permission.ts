/** Checks which names a caller may publish, cancel and reschedule. It identifies no caller. */
import { ForbiddenError } from "./errors.ts";
import { isReservedName, matches } from "./name.ts";

/**
 * Patterns of the names that a caller may publish, cancel and reschedule. They never match an app's event. `"all"`
 * includes those of apps, which can only be cancelled and rescheduled.
 */
export type PublishPermission = "all" | readonly string[];

/** Every name, except those of apps. */
export const EVERY_NAME: PublishPermission = ["**"];

export function mayPublish(right: PublishPermission, name: string): boolean {
	if (right === "all") return true;
	return (
		!isReservedName(name) && right.some((pattern) => matches(pattern, name))
	);
}

/**
 * Checks a caller before its call is read: one that may publish no event learns nothing about what a call may contain.
 *
 * @param caller for the error
 * @throws ForbiddenError if the caller may publish nothing
 */
export function checkPublisher(right: PublishPermission, caller: string): void {
	if (right.length > 0) return;
	throw new ForbiddenError(
		`${caller} may publish nothing: extend its permission`,
	);
}

/** @param caller for the error. @throws ForbiddenError with the name and the permitted names */
export function checkPublish(
	right: PublishPermission,
	name: string,
	caller: string,
): void {
	if (mayPublish(right, name)) return;
	const listing = right.length > 0 ? (right as string[]).join(", ") : "nothing";
	throw new ForbiddenError(
		`${caller} may not publish ${JSON.stringify(name)}: it may publish ${listing}: extend its permission`,
	);
}

/** A caller that cancels or reschedules an event by its id. */
export interface Requester {
	permission: PublishPermission;
	/** For the error. */
	caller: string;
}

/** The Worker that owns the events. */
export const OWNER: Requester = { permission: "all", caller: "the owner" };

/** Returns an error without the event's name, because the caller may not know it. */
export function forbiddenMove({ caller }: Requester): ForbiddenError {
	return new ForbiddenError(
		`${caller} may not cancel or reschedule this event, because it may not publish it: extend its permission`,
	);
}
