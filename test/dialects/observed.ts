/** Records the transitions of the bus that the dialects share, and logs them for a test outside the Worker. */
import type { Events, Transition } from "tidings";
import { registrationOf } from "../../src/registration.ts";

/** Every transition, in order. */
export const transitions: Transition[] = [];

/** Sets the observer of the shared bus. Call it before `worker`. */
export function observed(events: Events): Events {
	Object.assign(registrationOf(events), {
		observe(transition: Transition) {
			transitions.push(transition);
			console.info(`tidings ${JSON.stringify(transition)}`);
		},
	});
	return events;
}
