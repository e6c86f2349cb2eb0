/** One Worker with the example's apps, and apps whose code a test sets. */
import { createEvents, defineConfig, type Transition } from "tidings";
import { apps, type Capabilities, createApp } from "tidings/apps";
import { publisher, worker } from "tidings/worker";
import { email } from "../../examples/inbox/email/app.ts";
import { inbox } from "../../examples/inbox/inbox/app.ts";
import { moreApps } from "./more-apps.ts";

/** Every transition, in order. */
export const transitions: Transition[] = [];

/** The code of the app `@test/lab`, by tool or part. By default it does nothing. */
export const behaviours = new Map<
	string,
	// biome-ignore lint/suspicious/noExplicitAny: a test sets it
	(...args: any[]) => unknown
>();

const does = (name: string) => ({
	default: (...args: unknown[]) => behaviours.get(name)?.(...args),
});

/** The secret that the tests sign users' tokens with. */
export const SECRET = "a secret of the tests, 32 bytes at least";

const person = { "@my-org/auth": { account: ["accountId", "email"] } };
const payload = { type: "object" };

export const lab = createApp("@test/lab", {
	events: {
		ticked: {
			description: "Fires when a test says so",
			capabilities: ["event"],
			tokens: person,
			payload,
		},
		announced: {
			description: "For everybody",
			capabilities: ["event", "storage"],
			tokens: {},
			payload: { type: "object", required: ["text"] },
		},
	},
	handlers: {
		ticked: {
			start: does("ticked start"),
			handler: does("ticked handler"),
			stop: does("ticked stop"),
		},
		announced: {
			start: does("announced start"),
			handler: does("announced handler"),
			stop: does("announced stop"),
		},
	},
	tools: { one: does("one"), two: does("two") },
	capabilities: ["event"],
	userSubscriptions: { one: ["@test/lab/ticked", "@test/lab/announced"] },
});

export const events = createEvents({
	apps: [email, inbox, lab, ...moreApps],
	observe: (transition) => transitions.push(transition),
});

const config = defineConfig({
	url: "https://events.example",
	issuers: {
		"@my-org/auth": { issuer: "https://auth.example", secret: SECRET },
	},
});

const own = worker(events, { config, apps: apps() });

export default own;
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/objects";
export type { Capabilities };
