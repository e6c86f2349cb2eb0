/** The handlers of one Worker, in order of registration. It runs none of them. */
import { isDefinition } from "../event/definition.ts";
import {
	type Handler,
	type HandlerFunction,
	type HandlerOptions,
	handlerOf,
	invalidHandler,
} from "./handler.ts";
import type { Retries } from "./retry-policy.ts";

export class HandlerRegistry {
	readonly #byId = new Map<string, Handler>();
	#list: readonly Handler[] = [];

	/**
	 * Adds a handler.
	 *
	 * @throws RefusedError `invalid_handler` when another handler has this id
	 */
	add(handler: Handler): void {
		const other = this.#byId.get(handler.id);
		// Either of the two may be the deployed one: a new one may be registered above it.
		if (other)
			throw invalidHandler(
				`two handlers have the id ${JSON.stringify(handler.id)}, for ${other.patterns.join(", ")} and for ${handler.patterns.join(", ")}; give the new one an id of its own, on(…, { id: "…" }, …): waiting deliveries and dead letters find the old one by this id`,
			);
		this.#byId.set(handler.id, handler);
		this.#list = [...this.#byId.values()];
	}

	get(id: string): Handler | undefined {
		return this.#byId.get(id);
	}

	/** Returns the identical list until another handler is added. */
	list(): readonly Handler[] {
		return this.#list;
	}
}

/**
 * Adds the handler that `events.on` was called with.
 *
 * @param args `(handler)` or `(options, handler)`
 * @param defaultRetries the policy if the options have none
 * @throws RefusedError `invalid_handler`
 */
export function register(
	registry: HandlerRegistry,
	target: unknown,
	args: unknown[],
	defaultRetries?: Retries,
): void {
	const run = args.at(-1) as HandlerFunction;
	const [given = {}] = (args.length > 1 ? args : []) as HandlerOptions[];
	// Anything that is not an object stays as it is: `handlerOf` rejects it.
	const options =
		defaultRetries !== undefined && given && typeof given === "object"
			? { ...given, retries: given.retries ?? defaultRetries }
			: given;
	const [patterns, schema] = isDefinition(target)
		? [[target.name], target.schema]
		: [[target].flat() as string[]];
	registry.add(handlerOf(patterns, options, run, schema));
}
