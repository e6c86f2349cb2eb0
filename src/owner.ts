/** What the doors and objects need of the Worker that owns the events: all ports of all steps, behind its bus. */
import type { App } from "./apps/app.ts";
import type { FanningOut } from "./apps/subscriptions/fan-out.ts";
import type { Subscribing } from "./apps/subscriptions/subscribe.ts";
import type { Hooking } from "./apps/webhooks/accept.ts";
import type { Delivering } from "./consume/deliver.ts";
import type { Replaying } from "./dead-letters/replay.ts";
import type { Running } from "./handlers/run.ts";
import type { Consuming } from "./handlers/workers.ts";
import type { Bindings } from "./platform/bindings.ts";
import type { Publishing } from "./publish/publish.ts";
import type { Rescheduling } from "./schedule/schedule.ts";

export type Owner = Bindings &
	Running &
	Publishing &
	Rescheduling &
	Delivering &
	FanningOut &
	Consuming &
	Subscribing &
	Hooking &
	Replaying & {
		/** Runs a tool of an app at once. */
		runTool(
			app: string,
			tool: string,
			input: unknown,
			tokens: readonly string[],
		): Promise<unknown>;
	};

/** Until `worker(events)` is called: a Worker that owns no events can be asked for none of these. */
export const NO_APPS = {
	issuers: {},
	webhookUrl: notHere,
	shaped: async (_: string, record: string) => record,
	doorOf: notHere,
	runTool: notHere,
} satisfies Partial<Owner>;

function notHere(): never {
	throw new TypeError(
		"tidings: apps are run by the Worker that owns the events, once worker(events) was called",
	);
}

const owners = new WeakMap<object, Owner>();

export function keepOwner(events: object, owner: Owner): void {
	owners.set(events, owner);
}

/** The ports behind a `createEvents`. */
export function ownerOf(events: object): Owner {
	const owner = owners.get(events);
	if (owner === undefined)
		throw new TypeError("tidings: expected what createEvents() returned");
	return owner;
}

/** @throws TypeError when one app is given twice */
export function registerApps(apps: readonly App[], { handlers }: Owner): void {
	const names = new Set<string>();
	for (const { declaration, handlers: own } of apps) {
		if (names.has(declaration.name))
			throw new TypeError(
				`tidings: the app ${declaration.name} is given twice`,
			);
		names.add(declaration.name);
		for (const handler of own) handlers.add(handler);
	}
}
