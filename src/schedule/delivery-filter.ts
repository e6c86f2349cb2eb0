/** Reads a filter of waiting deliveries, and matches them. Pure. */
import { RefusedError } from "../event/errors.ts";
import { matches } from "../event/name.ts";
import type { StoredDelivery } from "../event/scheduled-row.ts";
import { show } from "../event/validation.ts";
import { type Filter, parseFilter } from "../lists/filter.ts";
import { matchesGlob } from "../lists/glob.ts";

/** @throws RefusedError `invalid_request` for a word that no waiting delivery can match */
export function deliveryFilter(text: string, now: number): Filter {
	const filter = parseFilter(text, now, { states: ["retrying", "waiting"] });
	const { state, cause } = filter;
	if (cause !== undefined)
		throw refused("a waiting delivery has no cause; leave cause out");
	if (state !== undefined && state !== "retrying" && state !== "waiting")
		throw refused(
			`state: no waiting delivery is ${show(state)}; use retrying or waiting`,
		);
	return filter;
}

function refused(why: string): RefusedError {
	return new RefusedError("invalid_request", `q: ${why}`);
}

/** `since` and `until` are about the last failure: every next attempt is in the future. */
export function isMatch(
	{ id, name, handler, waiting }: StoredDelivery,
	filter: Filter,
): boolean {
	const { state, at, error, tags } = waiting;
	const { since, until, text } = filter;
	return (
		(filter.id === undefined || filter.id === id) &&
		(filter.name === undefined || matches(filter.name, name)) &&
		(filter.handler === undefined || matchesGlob(filter.handler, handler)) &&
		(filter.state === undefined || filter.state === state) &&
		(since === undefined || at >= since) &&
		(until === undefined || at < until) &&
		Object.entries(filter.tags ?? {}).every(
			([key, value]) => tags?.[key] === value,
		) &&
		(text === undefined ||
			(error !== undefined &&
				`${error.name}: ${error.message}`
					.toLowerCase()
					.includes(text.toLowerCase())))
	);
}
