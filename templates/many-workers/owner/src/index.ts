/** The Worker that owns the events. Other Workers publish through `Publisher`; it calls the Workers with handlers. */
import { selftest } from "tidings/selftest";
import { publisher, worker } from "tidings/worker";
import config from "../tidings.config.ts";
import { events } from "./events.ts";

export default worker(events, { config, selftest: selftest() });
export const Publisher = publisher(events);
export * from "tidings/objects";
