/** The names of apps and of their events. It does not check whether an app exists. */
import { isReservedName } from "../event/name.ts";
import { show } from "../event/validation.ts";

/** Not dots alone: an app's name is a path segment, and `..` would leave the app's directory. */
const APP_NAME = /^@[A-Za-z0-9_-]+\/(?!\.+$)[A-Za-z0-9._-]+$/;
const APP_NAME_LENGTH = 100;

/** The names of an app's events and tools. */
export const SHORT_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export function isAppName(value: unknown): value is string {
	return (
		typeof value === "string" &&
		value.length <= APP_NAME_LENGTH &&
		APP_NAME.test(value)
	);
}

/** @throws TypeError for a value that is not the name of an app */
export function checkAppName(name: unknown): asserts name is string {
	if (!isAppName(name)) throw new TypeError(appNameMessage(name));
}

export function appNameMessage(value: unknown): string {
	return `${show(value)} is not the name of an app; use @scope/app with A-Z a-z 0-9 _ - (and . after the slash), at most ${APP_NAME_LENGTH} characters, such as "@my-org/email"`;
}

/** The full name of an app's event: `@my-org/email/new_email`. */
export function appEventName(app: string, event: string): string {
	return `${app}/${event}`;
}

interface AppEventName {
	app: string;
	/** The short name. */
	event: string;
}

/** Returns the app and the event's short name; undefined for any other name. */
export function parseAppEventName(name: string): AppEventName | undefined {
	// Called for every message, and few names belong to an app.
	if (!isReservedName(name)) return undefined;
	const end = name.lastIndexOf("/");
	const app = name.slice(0, end);
	const event = name.slice(end + 1);
	return isAppName(app) && SHORT_NAME.test(event) ? { app, event } : undefined;
}

const SUFFIX = "/trigger";

/** The name of the events that carry an app event's triggers. */
export function triggerName(eventName: string): string {
	return eventName + SUFFIX;
}

/** The app with whose identity a trigger's handler runs, and the event. */
export type TriggerIdentity = AppEventName;

/** Returns undefined for the name of any other event. */
export function identityOfTrigger(name: string): TriggerIdentity | undefined {
	return name.endsWith(SUFFIX)
		? parseAppEventName(name.slice(0, -SUFFIX.length))
		: undefined;
}

/** Whether it is the name of an app's event, or of one that carries its triggers. */
export function isAppsEvent(name: string): boolean {
	return (parseAppEventName(name) ?? identityOfTrigger(name)) !== undefined;
}
