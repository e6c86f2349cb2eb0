/** Prints each transition as one line of JSON, which the demo and the development server put into words. */
import type { Transition } from "tidings";

const MARK = "tidings ";

export function trace(transition: Transition): void {
	console.log(MARK + JSON.stringify(transition));
}

/** What a printed line tells; undefined for any other line. */
export function readTrace(line: string): Transition | undefined {
	return line.startsWith(`${MARK}{`)
		? JSON.parse(line.slice(MARK.length))
		: undefined;
}
