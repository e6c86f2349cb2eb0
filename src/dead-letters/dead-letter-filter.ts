/** Reads a filter of dead letters. Pure. */
import type { DeadLetterState } from "../event/dead-letter.ts";
import { RefusedError } from "../event/errors.ts";
import { type Filter, parseFilter } from "../lists/filter.ts";

const STATES = [
	...(["dead", "replaying", "resolved", "discarded"] as const),
] as const satisfies readonly DeadLetterState[];

/** @throws RefusedError `invalid_request` for a state that no dead letter has */
export function deadLetterFilter(
	text: string | undefined,
	now: number,
): Filter {
	const filter = parseFilter(text, now);
	const { state = "dead" } = filter;
	if ((STATES as readonly string[]).includes(state)) return filter;
	throw new RefusedError(
		"invalid_request",
		`q: state: no dead letter is ${JSON.stringify(state)}; use ${STATES.join(", ")}`,
	);
}
