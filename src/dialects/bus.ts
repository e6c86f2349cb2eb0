/** The bus that every dialect of a Worker shares, so that a Worker may mix them. */
import { createEvents, type Events } from "../events.ts";

export const bus: Events = createEvents();
