/** Finds an app, its events and its tools by name, and the Worker that contains the app. */
import { RefusedError, UnavailableError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts, AppWorker } from "./app-ports.ts";
import type { AppDeclaration, AppEvent } from "./declaration.ts";
import type { SubscriptionStore } from "./subscriptions/subscription.ts";

/**
 * @throws RefusedError `unknown_app` that lists the known apps; UnavailableError if a Worker that may contain the app
 * does not respond
 */
export async function findApp(
	name: string,
	{ appWorkers }: Pick<AppPorts, "appWorkers">,
): Promise<{ declaration: AppDeclaration; appWorker: AppWorker }> {
	const listed = await Promise.all(
		appWorkers.map(async (appWorker) => ({
			appWorker,
			apps: await appWorker.apps(),
		})),
	);
	for (const { appWorker, apps = [] } of listed)
		for (const declaration of apps)
			if (declaration.name === name) return { declaration, appWorker };
	const silent = listed.flatMap(({ appWorker, apps }) =>
		apps ? [] : appWorker.worker.key,
	);
	if (silent.length > 0)
		throw new UnavailableError(
			`the Worker ${silent.join(", ")}, which may contain the app ${show(name)}, does not respond; try again`,
		);
	const known = listed.flatMap(({ apps = [] }) => apps.map((app) => app.name));
	throw new RefusedError(
		"unknown_app",
		`${show(name)} is not an app; use ${known.join(", ") || "createEvents({ apps }) to add one: there are none"}`,
	);
}

interface FoundEvent {
	/** Such as `@my-org/email/new_email`. */
	name: string;
	declared: AppEvent;
	appWorker: AppWorker;
	subscriptions: SubscriptionStore;
}

/** @throws RefusedError for an unknown app or event; UnavailableError as `findApp` */
export async function findEvent(
	app: string,
	event: string,
	ports: Pick<AppPorts, "appWorkers" | "subscriptionsOf">,
): Promise<FoundEvent> {
	const { declaration, appWorker } = await findApp(app, ports);
	const declared = eventIn(declaration, event);
	const name = appEventName(app, event);
	const subscriptions = ports.subscriptionsOf(name);
	return { name, declared, appWorker, subscriptions };
}

/** @throws RefusedError `unknown_event` that lists the app's events */
export function eventIn(
	{ name, events }: AppDeclaration,
	event: string,
): AppEvent {
	const found = Object.hasOwn(events, event) ? events[event] : undefined;
	if (found) return found;
	throw new RefusedError(
		"unknown_event",
		`${show(event)} is not an event of ${name}; use ${Object.keys(events).join(", ") || "another app: it has none"}`,
	);
}

/** @throws RefusedError `unknown_tool` that lists the app's tools */
export function checkTool({ name, tools }: AppDeclaration, tool: string): void {
	if (tools.includes(tool)) return;
	throw new RefusedError(
		"unknown_tool",
		`${show(tool)} is not a tool of ${name}; use ${tools.join(", ") || "another app: it has none"}`,
	);
}
