/** Finds an app, its events and its tools by name, and the Worker that contains the app. */
import { RefusedError, UnavailableError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { log } from "../platform/log.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts, AppWorker } from "./app-ports.ts";
import type { AppDeclaration, AppEvent } from "./declaration.ts";
import type { SubscriptionStore } from "./subscriptions/subscription.ts";

/**
 * Finds an app and the one Worker that has it. An app that two Workers have is in neither: one could act as the other.
 *
 * @throws RefusedError `unknown_app` that lists the known apps; UnavailableError if a Worker that may contain the app
 * does not respond, or if two Workers have it
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
	const having = listed.filter(({ appWorker, apps }) =>
		apps ? declarationIn(apps, name) : appWorker.had(name),
	);
	if (having.length > 1)
		throw claimedTwice(
			name,
			having.map(({ appWorker }) => appWorker.worker.key),
		);
	for (const { appWorker, apps = [] } of having) {
		const declaration = declarationIn(apps, name);
		if (declaration) return { declaration, appWorker };
	}
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

function declarationIn(
	apps: readonly AppDeclaration[],
	name: string,
): AppDeclaration | undefined {
	return apps.find((one) => one.name === name);
}

function claimedTwice(
	app: string,
	workers: readonly string[],
): UnavailableError {
	log("app_in_two_workers", { app, workers });
	const paths = workers.map((key) => `subscribers.${key}.apps`);
	return new UnavailableError(
		`the Workers ${workers.join(" and ")} both have the app ${JSON.stringify(app)}, so neither is called; name it in the apps of one of them in tidings.config.ts, as ${paths.join(" or ")}`,
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
