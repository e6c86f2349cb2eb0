/** Keeps the transitions of the bus that the dialects share, and logs them for who watches from outside. */
import type { Events, Transition } from "tidings";
import { portsOf } from "../../src/registration.ts";

/** Every transition, in order. */
export const transitions: Transition[] = [];

/** The same bus, observed: called before `worker` takes it. */
export function observed(events: Events): Events {
	portsOf(events).observe = (transition) => {
		transitions.push(transition);
		console.info(`tidings ${JSON.stringify(transition)}`);
	};
	return events;
}
