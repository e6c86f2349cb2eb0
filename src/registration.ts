/** Everything that one Worker registers, and the ports that `worker(events)` assembles from it. It contains no rules. */
import type { App } from "./apps/app.ts";
import type { AppsExtension } from "./apps/extension/extension.ts";
import type { Definition } from "./event/definition.ts";
import type { Observe } from "./event/transition.ts";
import { HandlerRegistry } from "./handlers/registry.ts";
import type { QueueRole } from "./platform/queue-names.ts";
import type { Ports } from "./ports.ts";
import type { Bus } from "./publish/transport.ts";

export interface Registration {
	readonly handlers: HandlerRegistry;
	readonly apps: readonly App[];
	readonly observe: Observe;
	readonly definitions: readonly Definition[];
	definitionOf(name: string): Definition | undefined;
	/** @throws RefusedError `unknown_name` for a name that a strict `createEvents` does not list */
	checkListed(name: string): void;
	/** Set once, by `worker(events)`. */
	assembled?: {
		readonly ports: Ports;
		readonly consumerPorts: Ports;
		/** Answers every message of a batch. Never rejects. The test kit replaces it to see what the queues deliver. */
		consume(messages: readonly Message[], role: QueueRole): Promise<void>;
		readonly apps: AppsExtension;
		readonly bus: Bus;
		/** Creates the HTTP API without a prefix. */
		createApi(): Api;
	};
}

/** Answers requests. */
export interface Api {
	fetch(
		request: Request,
		env: Cloudflare.Env,
		ctx: ExecutionContext,
	): Response | Promise<Response>;
}

/** The key of the registration in what `createEvents` returns. */
export const REGISTRATION: unique symbol = Symbol("tidings.registration");

/** Registers the handlers of the apps. @throws TypeError if an app is given twice */
export function newRegistration(
	options: Pick<
		Registration,
		"apps" | "observe" | "definitions" | "definitionOf" | "checkListed"
	>,
): Registration {
	const handlers = new HandlerRegistry();
	const names = new Set<string>();
	for (const app of options.apps) {
		const { name } = app.declaration;
		if (names.has(name))
			throw new TypeError(
				`tidings: the app ${name} is given twice; list it once`,
			);
		names.add(name);
		for (const handler of app.handlers) handlers.add(handler);
	}
	return { ...options, handlers };
}

interface Registered {
	readonly [REGISTRATION]: Registration;
}

/** @throws TypeError unless `createEvents` returned it */
export function registrationOf(events: Registered): Registration {
	const registration = events?.[REGISTRATION];
	if (registration) return registration;
	throw new TypeError("tidings: expected the result of createEvents()");
}

/** @throws Error until `worker(events)` is called */
export function assembledOf({ assembled }: Registration) {
	if (assembled) return assembled;
	throw new Error(
		"tidings: this Worker has the queue EVENTS_QUEUE but never called worker(events); export default worker(events) in its main module",
	);
}

/** @throws Error until `worker(events)` is called */
export function portsOf(events: Registered): Ports {
	return assembledOf(registrationOf(events)).ports;
}

/** @throws Error until `worker(events)` is called */
export function appsOf(events: Registered): AppsExtension {
	return assembledOf(registrationOf(events)).apps;
}
