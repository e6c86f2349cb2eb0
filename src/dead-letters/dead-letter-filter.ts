/** Reads a filter of dead letters. Pure. */
import { DEAD_LETTER_STATES } from "../event/dead-letter.ts";
import { RefusedError } from "../event/errors.ts";
import { type Filter, parseFilter } from "../lists/filter.ts";

/** @throws RefusedError `invalid_request` for a state that no dead letter has */
export function deadLetterFilter(
	text: string | undefined,
	now: number,
): Filter {
	const filter = parseFilter(text, now, {
		words: ["reason"],
		states: DEAD_LETTER_STATES,
	});
	const { state = "dead" } = filter;
	if ((DEAD_LETTER_STATES as readonly string[]).includes(state)) return filter;
	throw new RefusedError(
		"invalid_request",
		`q: state: no dead letter is ${JSON.stringify(state)}; use ${DEAD_LETTER_STATES.join(", ")}`,
	);
}
