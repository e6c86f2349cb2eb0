// Written by: npx tidings generate packages/functions/src/events
// Do not edit: the order of these imports is the order in which handlers run.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import { handlerModules } from "tidings";
import * as m0 from "../packages/functions/src/events/todo-created.ts";

handlerModules({
	"packages/functions/src/events/todo-created.ts": m0,
});
