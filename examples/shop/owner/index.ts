/** The Worker that owns the shop's events: queues, objects, handlers and the HTTP API. */
import { dashboard } from "tidings/dashboard";
import { selftest } from "tidings/selftest";
import { publisher, worker } from "tidings/worker";
import { events } from "./handlers.ts";

export default worker(events, {
	dashboard: dashboard(),
	selftest: selftest(),
});
export const Publisher = publisher(events);
export * from "tidings/objects";
