/**
 * The Worker that this repository deploys. It accepts events by binding and by HTTP, schedules future events, and
 * dispatches to the Workers that `tidings.config.ts` names. It has no handlers yet: register yours with `events.on`.
 */
import { createEvents } from "tidings";
import { apps } from "tidings/apps";
import { selftest } from "tidings/selftest";
import { publisher, worker } from "tidings/worker";
import config from "../tidings.config.ts";

export const events = createEvents();

export default worker(events, { config, apps: apps(), selftest: selftest() });
export const Publisher = publisher(events);
export * from "tidings/objects";
