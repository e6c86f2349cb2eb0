/** The Worker that is fuzzed: an event with a schema, an app, and an issuer of users' tokens. */
import { createEvents, defineConfig, event } from "tidings";
import { apps, createApp } from "tidings/apps";
import { publisher, worker } from "tidings/worker";
import * as z from "zod";

const UserJoined = event(
	"user.joined",
	z.object({ userId: z.string(), email: z.email() }),
);

const nothing = { default: () => {} };
const lifecycle = { start: nothing, handler: nothing, stop: nothing };

const lab = createApp("@test/lab", {
	events: {
		ticked: {
			description: "For one account",
			capabilities: ["event"],
			tokens: { "@my-org/auth": { account: ["accountId"] } },
			payload: { type: "object" },
		},
		announced: {
			description: "For everybody",
			capabilities: ["event"],
			tokens: {},
			payload: { type: "object" },
		},
	},
	handlers: { ticked: lifecycle, announced: lifecycle },
	tools: {
		one: { default: (input: unknown) => input },
		two: {
			default: () => {
				throw new Error("no");
			},
		},
	},
	capabilities: ["event"],
});

const events = createEvents({
	apps: [lab],
	events: [UserJoined],
	observe: () => {},
});

events.on("order.**", { id: "orders" }, () => {});

export default worker(events, {
	apps: apps(),
	config: defineConfig({
		issuers: {
			"@my-org/auth": {
				issuer: "https://auth.example",
				secret: "a secret of the tests, 32 bytes at least",
			},
		},
	}),
});
export const Publisher = publisher(events);
export * from "tidings/objects";
