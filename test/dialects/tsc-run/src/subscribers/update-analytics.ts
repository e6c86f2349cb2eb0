import type { Event } from "tidings/tsc-run";
import { received } from "../../received.ts";

export const handler = async (event: Event) => {
	received.push({ by: "update-analytics", event });
};
