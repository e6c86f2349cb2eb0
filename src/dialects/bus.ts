/** The events that all dialects of a Worker share, so that a Worker may mix dialects. It registers nothing. */
import { createEvents, type Events } from "../events.ts";

export const bus: Events = createEvents();
