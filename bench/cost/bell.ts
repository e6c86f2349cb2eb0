/** An app with an event for many subscribers. Each has a number, and each hundred numbers have a floor. */
import { type Capabilities, createApp } from "tidings/apps";

/** Its tool `ring` sends the event to the given subscribers. */
export function bellOf(scope: string) {
	const part = { default: () => {} };
	return createApp(`@${scope}/bell`, {
		events: {
			rung: {
				description: "Fires when somebody rings",
				capabilities: [],
				tokens: { [`@${scope}/auth`]: { door: ["number", "floor"] } },
				payload: { type: "object" },
			},
		},
		handlers: { rung: { start: part, handler: part, stop: part } },
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
}
