/**
 * The Worker that this repository deploys. It accepts events by binding and by HTTP, schedules future events, and
 * dispatches to the Workers that `tidings.config.ts` names. It has no handlers yet: register yours with `events.on`.
 */
import { createEvents } from "tidings";
import { publisher, worker } from "tidings/worker";
import config from "../tidings.config.ts";

export const events = createEvents();

// Delete this with your first handler.
if (!config.subscribers && !config.routes)
	console.warn(
		"tidings: no handler is configured, so events are accepted and then ignored; register handlers with events.on in src/main.ts, or name Workers with handlers in tidings.config.ts",
	);

export default worker(events, { config });
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/worker";
