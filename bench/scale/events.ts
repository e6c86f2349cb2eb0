/** The events that grow, and the app whose subscribers do. */
import { createEvents } from "tidings";
import { type Capabilities, createApp } from "tidings/apps";

/** The app's event whose subscribers are many: each has a number, and a hundred numbers are on a floor. */
export const RUNG = "@scale/bell/rung";

const bell = createApp("@scale/bell", {
	events: {
		rung: {
			description: "Fires when somebody rings",
			capabilities: [],
			tokens: { "@scale/auth": { door: ["number", "floor"] } },
			payload: { type: "object" },
		},
	},
	handlers: {
		rung: {
			start: { default: () => {} },
			handler: { default: () => {} },
			stop: { default: () => {} },
		},
	},
	tools: {
		ring: {
			default: (toSubscribers: unknown, { event }: Capabilities) =>
				event.send("rung", {
					toSubscribers: toSubscribers as Record<string, number>,
					payload: { text: "ding" },
				}),
		},
	},
	capabilities: ["event"],
});

const guest = createApp("@scale/guest", {
	tools: { hear: { default: () => {} } },
});

export const events = createEvents({ apps: [bell, guest], observe: () => {} });
/** Another Worker's. */
export const mail = createEvents();
