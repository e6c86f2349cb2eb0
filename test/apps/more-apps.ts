/** Apps with similar names and different grants, whose tools a test sets. */
import type { Capabilities } from "tidings/apps";
import { createApp, type HookModule } from "tidings/apps";

type Act = (capabilities: Capabilities, input: unknown) => unknown;

/** The code of the tool `act`, by the app's name. */
export const acts = new Map<string, Act>();

const act = (app: string) => ({
	default: (input: unknown, capabilities: Capabilities) =>
		acts.get(app)?.(capabilities, input),
});

/** The code of the parts of the event `rung` of `@test/bell`. */
export const bell = new Map<
	"start" | "handler" | "stop",
	// biome-ignore lint/suspicious/noExplicitAny: a test sets it
	(...args: any[]) => unknown
>();

const part = (name: "start" | "handler" | "stop") => ({
	default: (...args: unknown[]) => bell.get(name)?.(...args),
});

/** More exports of that event's handler module. */
export const hookModule: HookModule = {};

/** Its key has a string, a number and a boolean. Its event has no capabilities. */
const bellApp = createApp("@test/bell", {
	events: {
		rung: {
			description: "Fires when a test says so",
			capabilities: [],
			tokens: { "@my-org/auth": { door: ["name", "floor", "isOpen"] } },
			payload: {
				type: "object",
				properties: { text: { type: "string" } },
				required: ["text"],
			},
		},
	},
	handlers: {
		rung: {
			start: part("start"),
			handler: Object.assign(hookModule, part("handler")),
			stop: part("stop"),
		},
	},
	tools: { act: act("@test/bell") },
	capabilities: ["event"],
});

/** Grants one app the use of its storage. */
const safe = createApp("@test/safe", {
	tools: { act: act("@test/safe") },
	capabilities: ["event", "storage"],
	grants: ["@test/guest"],
});

/** Its name begins with the name of the app above. */
const safe2 = createApp("@test/safe-2", {
	tools: { act: act("@test/safe-2") },
	capabilities: ["event", "storage"],
});

const guest = createApp("@test/guest", {
	tools: { act: act("@test/guest"), other: act("@test/guest") },
	capabilities: ["event", "storage"],
	userSubscriptions: {
		act: ["@test/bell/rung", "@test/lab/announced"],
		other: ["@test/lab/announced"],
	},
});

/** Declares nothing. */
const bare = createApp("@test/bare", { tools: { act: act("@test/bare") } });

export const moreApps = [bellApp, safe, safe2, guest, bare];
