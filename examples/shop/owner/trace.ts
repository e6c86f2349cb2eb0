/** Prints each transition as one line of JSON. The demo and the development server describe it in words. */
import type { Transition } from "tidings";

const MARK = "tidings ";

export function trace(transition: Transition): void {
	console.log(MARK + JSON.stringify(transition));
}
