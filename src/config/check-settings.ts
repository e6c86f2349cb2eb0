/** Checks that the bindings and handlers that the configuration names exist. It runs when the Worker starts. */
import { type HandlerFunction, handlerOf } from "../handlers/handler.ts";
import {
	handlerAt,
	hasModule,
	SUBSCRIBER_EXPORTS,
} from "../handlers/modules.ts";
import type { HandlerRegistry } from "../handlers/registry.ts";
import type { SubscriberBinding } from "../handlers/remote-worker.ts";
import { KEY_SEPARATOR, workerKeyOf } from "../handlers/route.ts";
import { binding } from "../platform/environment.ts";
import type { Settings } from "./settings.ts";

/** @throws Error for a subscriber whose service binding is missing */
export function checkBindings({ subscribers }: Settings): void {
	for (const [key, { binding: name }] of Object.entries(subscribers)) {
		// A stub appears to have every method until one is called; no other kind of binding has this one.
		const bound = binding<Partial<SubscriberBinding>>(name);
		if (typeof bound?.handlers !== "function")
			throw new Error(
				`tidings.config.ts: subscribers.${key}.binding: ${JSON.stringify(name)} is ${bound === undefined ? "not bound" : "not the binding of a Worker"}; add it to [[services]] with binding = ${JSON.stringify(name)}, the Worker's name as service and entrypoint = "Subscriber", and run wrangler types`,
			);
	}
}

/** Registers files of `src/subscribers/` that only a route names. */
export function registerFiles(
	{ routing }: Settings,
	handlers: HandlerRegistry,
): void {
	for (const { handler: id, patterns } of routing.overrides) {
		const file = fileOf(id);
		if (patterns && !handlers.get(id) && hasModule(file)) {
			const resolve = handlerAt({ file, exports: SUBSCRIBER_EXPORTS });
			const run: HandlerFunction = (event, context) =>
				resolve()(event, context);
			handlers.add(handlerOf(patterns, { id }, run));
		}
	}
}

function fileOf(id: string): string {
	return `src/subscribers/${id}`;
}

/**
 * Checks that each id leads to one handler: the owner's, or that of the Worker whose key it begins with.
 *
 * @throws Error that names the path in the configuration
 */
export function checkIds(
	{ subscribers, routing }: Settings,
	handlers: HandlerRegistry,
): void {
	const workerOf = (id: string) => {
		const key = workerKeyOf(id);
		return key !== undefined && Object.hasOwn(subscribers, key)
			? key
			: undefined;
	};
	for (const { id } of handlers.list())
		if (workerOf(id) !== undefined)
			throw new Error(
				`tidings.config.ts: subscribers.${workerOf(id)}: this Worker's own handler ${JSON.stringify(id)} begins with that key; rename the new one of the two: waiting deliveries find the old one by its name`,
			);
	for (const { id, handler } of routing.overrides) {
		const path = `tidings.config.ts: routes[${JSON.stringify(id)}]`;
		if (id !== handler && handlers.get(id))
			throw new Error(
				`${path}: a handler has this id, but the route calls ${JSON.stringify(handler)}; rename the new one of the two: waiting deliveries find the old one by its name`,
			);
		if (id !== handler && workerOf(id) !== undefined)
			throw new Error(
				`${path}: this name may belong to a handler of the Worker ${workerOf(id)}, but the route calls ${JSON.stringify(handler)}; give the route a name that does not begin with ${workerOf(id)}${KEY_SEPARATOR}`,
			);
		if (!handlers.get(handler) && workerOf(handler) === undefined)
			throw new Error(
				`${path}: handler ${JSON.stringify(handler)} does not exist; ${remedy(handler, subscribers, handlers)}`,
			);
	}
}

function remedy(
	handler: string,
	subscribers: Settings["subscribers"],
	handlers: HandlerRegistry,
): string {
	const own = handlers.list().map((one) => one.id);
	const keys = Object.keys(subscribers).map((key) => key + KEY_SEPARATOR);
	const file = fileOf(handler);
	const hint = hasModule(file)
		? `or give the route of ${file} its events`
		: `or write ${file} and run npx tidings generate`;
	return `use one of this Worker (${listing(own)}) or of another (they begin with ${listing(keys)}), ${hint}`;
}

function listing(words: readonly string[]): string {
	return words.length === 0 ? "none" : words.join(", ");
}
