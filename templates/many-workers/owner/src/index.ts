/** The Worker that owns the events: others publish through its `Publisher`, and it calls those that handle them. */
import { publisher, worker } from "tidings/worker";
import config from "../tidings.config.ts";
import { events } from "./events.ts";

export default worker(events, { config });
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/worker";
