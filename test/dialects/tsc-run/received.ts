/** The events that the subscribers received. */
import type { Event } from "tidings/tsc-run";

export const received: { by: string; event: Event }[] = [];
