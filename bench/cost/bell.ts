/** An app whose event many subscribe: each subscriber has a door, and a hundred doors are on a floor. */
import { type Capabilities, createApp } from "tidings/apps";

/** Its tool `ring` sends the event to the subscribers that it is given. */
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
