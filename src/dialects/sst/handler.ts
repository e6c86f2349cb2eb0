/** `EventHandler`: combines a function with the definitions of its events. It registers nothing. */
import type { Schema } from "../../event/definition.ts";
import { RefusedError } from "../../event/errors.ts";
import type { HandlerContext } from "../../handlers/handler.ts";
import type { ModuleFunction } from "../../handlers/modules.ts";
import type { EvtOf, SstEvent } from "./wire.ts";

const schemas = new WeakMap<SstEvent, Schema>();
const handlers = new WeakMap<
	ModuleFunction,
	{ events: readonly SstEvent[]; inner: ModuleFunction }
>();

export function rememberSchema(defined: SstEvent, schema: Schema): void {
	schemas.set(defined, schema);
}

/**
 * Creates a handler for `bus.subscribe`. Its `evt` has the types of the definitions and is parsed by their schemas.
 *
 * @throws RefusedError `invalid_handler` for a value that is not a definition or not a function
 * @example
 * export const handler = EventHandler(Todo.Events.Created, async (evt) => {});
 */
export function EventHandler<Defined extends SstEvent>(
	events: Defined | readonly Defined[],
	inner: (evt: EvtOf<Defined>, context: HandlerContext) => unknown,
) {
	const defined = [events].flat() as Defined[];
	// An import is undefined if two modules import each other.
	for (const event of defined)
		if (!schemas.has(event))
			throw refusal(
				`${event} is not a definition; use the result of event(type, schema)`,
			);
	if (typeof inner !== "function")
		throw refusal(
			`${defined.map(({ type }) => type).join(", ")}: the handler is not a function; use one`,
		);
	const handler = async (evt: EvtOf<Defined>, context: HandlerContext) => {
		await inner(evt, context);
	};
	handlers.set(handler, { events: defined, inner });
	return handler;
}

function refusal(reason: string): RefusedError {
	return new RefusedError("invalid_handler", `EventHandler: ${reason}`);
}

/** Returns the function that the user wrote. */
export function innerFunction(handler: ModuleFunction): ModuleFunction {
	return handlers.get(handler)?.inner ?? handler;
}

/** Returns the schema with which a handler parses events of a type, if it has one. */
export function schemaFor(
	handler: ModuleFunction,
	type: string,
): Schema | undefined {
	const defined = handlers
		.get(handler)
		?.events.find((event) => event.type === type);
	return defined && schemas.get(defined);
}
