/** The events and apps of the bench. */
import { createEvents } from "tidings";
import { createApp } from "tidings/apps";
import { bellOf } from "../cost/bell.ts";

/** The event with many subscribers. Each has a number, and each hundred numbers have a floor. */
export const RUNG = "@scale/bell/rung";

const bell = bellOf("scale");

const guest = createApp("@scale/guest", {
	tools: { hear: { default: () => {} } },
});

export const events = createEvents({ apps: [bell, guest], observe: () => {} });
/** The events of the other Worker. */
export const mail = createEvents();
