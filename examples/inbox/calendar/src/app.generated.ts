// Written by: npx tidings generate --app examples/inbox/calendar
// Do not edit.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import * as m0 from "./events/meeting_soon/start.ts";
import * as m1 from "./events/meeting_soon/handler.ts";
import * as m2 from "./events/meeting_soon/stop.ts";

export const handlers = {
	"meeting_soon": { start: m0, handler: m1, stop: m2 },
};

export const tools = {
};
