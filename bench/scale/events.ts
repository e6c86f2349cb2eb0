/** The events that grow, and the app whose subscribers do. */
import { createEvents } from "tidings";
import { createApp } from "tidings/apps";
import { bellOf } from "../cost/bell.ts";

/** The app's event whose subscribers are many: each has a number, and a hundred numbers are on a floor. */
export const RUNG = "@scale/bell/rung";

const bell = bellOf("scale");

const guest = createApp("@scale/guest", {
	tools: { hear: { default: () => {} } },
});

export const events = createEvents({ apps: [bell, guest], observe: () => {} });
/** Another Worker's. */
export const mail = createEvents();
