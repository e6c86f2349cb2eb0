/**
 * What this repository deploys, written with the library as a user would: it takes events by binding and by
 * HTTP, holds those of the future, and dispatches to the Workers that `tidings.config.ts` names. Handlers of
 * its own it has none yet: register yours with `events.on`.
 */
import { createEvents } from "tidings";
import { publisher, worker } from "tidings/worker";
import config from "../tidings.config.ts";

export const events = createEvents();

// Delete this with your first handler.
if (!config.subscribers && !config.routes)
	console.warn(
		"tidings: tidings.config.ts names nobody who handles events: unless this Worker does, they are accepted, and ignored when they come. Register handlers with events.on in src/main.ts, or name Workers that have some in tidings.config.ts.",
	);

export default worker(events, { config });
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/worker";
