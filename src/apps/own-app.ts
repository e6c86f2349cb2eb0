/** Finds the app of an event among those that a Worker registers. It runs none of its code. */
import type { App } from "./app.ts";
import { parseAppEventName } from "./app-name.ts";

/** @throws Error if the Worker does not have the app */
export function ownAppOf(
	apps: readonly App[],
	eventName: string,
): { app: App; event: string } {
	const { app: name = "", event = "" } = parseAppEventName(eventName) ?? {};
	const app = apps.find(({ declaration }) => declaration.name === name);
	if (app) return { app, event };
	throw new Error(`tidings: this Worker has no app ${name}`);
}
