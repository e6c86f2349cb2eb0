/** What the subscribers were given. */
import type { Event } from "tidings/tsc-run";

export const received: { by: string; event: Event }[] = [];
