/** Which apps there are, in this Worker and in those behind bindings, and which of them brings an app. */

import { RefusedError, UnavailableError } from "../event/errors.ts";
import type { HandlerWorker, HandlerWorkers } from "../handlers/call.ts";
import { appEventName } from "./app-name.ts";
import type { AppDeclaration, AppEvent } from "./declaration.ts";
import type { SubscriptionStore } from "./subscriptions/subscription.ts";

export interface Found {
	declaration: AppDeclaration;
	consumer: HandlerWorker;
}

/** @throws RefusedError `unknown_app` that lists the known; UnavailableError while a Worker that may have it does not answer */
export async function findApp(
	name: string,
	{ consumers }: { consumers: HandlerWorkers },
): Promise<Found> {
	const told = await Promise.all(
		consumers.all.map(async (consumer) => ({
			consumer,
			apps: await consumer.apps(),
		})),
	);
	for (const { consumer, apps = [] } of told)
		for (const declaration of apps)
			if (declaration.name === name) return { declaration, consumer };
	const silent = told.flatMap(({ consumer, apps }) =>
		apps ? [] : [consumer.key],
	);
	if (silent.length > 0)
		throw new UnavailableError(
			`the Worker ${silent.join(", ")} does not answer, which may have the app ${JSON.stringify(name)}: try again`,
		);
	const known = told.flatMap(({ apps = [] }) => apps.map((app) => app.name));
	throw new RefusedError(
		"unknown_app",
		`there is no app ${JSON.stringify(name)}: there is ${known.join(", ") || "none"}`,
	);
}

export interface FoundEvent {
	/** On the bus. */
	name: string;
	declared: AppEvent;
	/** Who brings its app. */
	consumer: HandlerWorker;
	keeper: SubscriptionStore;
}

/** @throws RefusedError for an unknown app or event, as `findApp` and `eventIn` do */
export async function findEvent(
	app: string,
	event: string,
	ports: {
		consumers: HandlerWorkers;
		subscriptionsOf(name: string): SubscriptionStore;
	},
): Promise<FoundEvent> {
	const { declaration, consumer } = await findApp(app, ports);
	const declared = eventIn(declaration, event);
	const name = appEventName(app, event);
	return { name, declared, consumer, keeper: ports.subscriptionsOf(name) };
}

/** @throws RefusedError `unknown_event` that lists the known */
export function eventIn(
	{ name, events }: AppDeclaration,
	event: string,
): AppEvent {
	const found = Object.hasOwn(events, event) ? events[event] : undefined;
	if (found) return found;
	throw new RefusedError(
		"unknown_event",
		`${name} has no event ${JSON.stringify(event)}: it has ${Object.keys(events).join(", ") || "none"}`,
	);
}

/** @throws RefusedError `unknown_tool` that lists the known */
export function checkTool({ name, tools }: AppDeclaration, tool: string): void {
	if (tools.includes(tool)) return;
	throw new RefusedError(
		"unknown_tool",
		`${name} has no tool ${JSON.stringify(tool)}: it has ${tools.join(", ") || "none"}`,
	);
}
