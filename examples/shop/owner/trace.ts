/** Prints each transition as one line of JSON, which the demo and the development server make readable. */
import type { Transition } from "tidings";

export const TRACE = "tidings ";

export function trace(transition: Transition): void {
	console.log(TRACE + JSON.stringify(transition));
}
