// Written by: npx tidings generate
// Do not edit: the order of these imports is the order in which handlers run.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import { handlerModules } from "tidings";
import * as m0 from "./subscribers/send-welcome-email.ts";
import * as m1 from "./subscribers/update-analytics.ts";

handlerModules({
	"src/subscribers/send-welcome-email.ts": m0,
	"src/subscribers/update-analytics.ts": m1,
});
