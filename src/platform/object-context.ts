/**
 * What this isolate's objects are told. An object is made by the platform, not by `createEvents`, so
 * `worker(events)` hands over here when the module loads what objects need of it.
 */
import { DEFAULT_SETTINGS } from "../config/settings.ts";
import type { Outcome } from "../event/outcome.ts";
import type { Observe } from "../event/transition.ts";

interface ObjectContext {
	observe: Observe;
	/** How long a letter is kept after its last failure, in milliseconds. */
	lettersKept: number;
	/**
	 * Makes an attempt at an app's event, by its name on the bus, within the attempt's own time. It rejects only
	 * for an outage.
	 */
	runLifecycle(
		name: string,
		which: "start" | "stop",
		webhookSecret: string,
	): Promise<Outcome>;
	/** Sends durably that an app's event is to be polled; one that rejects is tried again. */
	trigger(name: string): Promise<void>;
}

let current: ObjectContext = {
	observe: () => {},
	lettersKept: DEFAULT_SETTINGS.retention.deadLetters,
	runLifecycle: async (name) => Promise.reject(noApp(name)),
	trigger: async (name) => Promise.reject(noApp(name)),
};

/** What is not told stays as it is. */
export function setObjectContext(what: Partial<ObjectContext>): void {
	current = { ...current, ...what };
}

export function objectContext(): ObjectContext {
	return current;
}

function noApp(name: string): Error {
	return new Error(`${name} is of no app that this deploy knows`);
}
