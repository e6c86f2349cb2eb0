// Written by: npx tidings generate
// Do not edit: the order of these imports is the order in which handlers run.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import { handlerModules } from "tidings";
import * as m0 from "./handlers/1-handle.ts";
import * as m1 from "./handlers/2-handle-body.ts";
import * as m2 from "./handlers/3-timeout.ts";
import * as m3 from "./handlers/4-set-timeout.ts";

handlerModules({
	"src/handlers/1-handle.ts": m0,
	"src/handlers/2-handle-body.ts": m1,
	"src/handlers/3-timeout.ts": m2,
	"src/handlers/4-set-timeout.ts": m3,
});
