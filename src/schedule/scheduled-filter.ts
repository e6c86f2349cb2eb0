/** Reads a filter of scheduled events, and matches them. Pure. */
import { RefusedError } from "../event/errors.ts";
import { matches } from "../event/name.ts";
import type { ScheduledEvent } from "../event/scheduled-row.ts";
import { type Filter, parseFilter } from "../lists/filter.ts";

/** Words of a filter that no scheduled event can match: it has no delivery yet, and lists read no bodies. */
const UNKNOWN = ["handler", "cause", "text"] as const;

/** @throws RefusedError `invalid_request` for a word that would be ignored, so that too many events would match */
export function scheduledFilter(text: string, now: number): Filter {
	const filter = parseFilter(text, now, { states: ["scheduled"] });
	const { state = "scheduled" } = filter;
	const unknown = UNKNOWN.find((word) => filter[word] !== undefined);
	if (unknown === undefined && state === "scheduled") return filter;
	throw new RefusedError(
		"invalid_request",
		`q: scheduled events are not found by ${unknown ?? `state:${state}`}; use id, name, tag.<key>, since and until, which are about the due time`,
	);
}

/** `since` and `until` are about the due time. */
export function isMatch(
	{ id, name, dueAt, tags }: ScheduledEvent,
	filter: Filter,
): boolean {
	const { since, until } = filter;
	return (
		(filter.id === undefined || filter.id === id) &&
		(filter.name === undefined || matches(filter.name, name)) &&
		(since === undefined || dueAt >= since) &&
		(until === undefined || dueAt < until) &&
		Object.entries(filter.tags ?? {}).every(
			([key, value]) => tags?.[key] === value,
		)
	);
}
