/**
 * What this repository deploys, written with the library as a user would: it takes events by binding and
 * by HTTP, holds those of the future, and has no handlers of its own yet. Register yours with `events.on`.
 */
import { createEvents } from "tidings";
import { publisher, worker } from "tidings/worker";

export const events = createEvents();

console.warn(
	"tidings: no handlers are registered: events are accepted, and ignored when they come. Register handlers with events.on in src/main.ts.",
);

export default worker(events);
export const Publisher = publisher(events);
export { DeadLetters, Payloads, Scheduler } from "tidings/worker";
