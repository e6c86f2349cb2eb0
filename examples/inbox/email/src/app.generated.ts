// Written by: npx tidings generate --app examples/inbox/email
// Do not edit.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import * as m0 from "./events/new_email/start.ts";
import * as m1 from "./events/new_email/handler.ts";
import * as m2 from "./events/new_email/stop.ts";

export const handlers = {
	"new_email": { start: m0, handler: m1, stop: m2 },
};

export const tools = {
};
