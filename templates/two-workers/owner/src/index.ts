/** The Worker that owns the events: it consumes them, and others publish through its `Publisher`. */
import { publisher, worker } from "tidings/worker";
import { events } from "./events.ts";

export default worker(events);
export const Publisher = publisher(events);
export { DeadLetters, Payloads, Scheduler } from "tidings/worker";
