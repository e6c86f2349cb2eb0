/** `EventHandler`: a function with the definitions of the events that it takes. It registers nothing. */
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

/** Keeps the schema of a definition. */
export function typed(defined: SstEvent, schema: Schema): void {
	schemas.set(defined, schema);
}

/**
 * Makes a handler for `bus.subscribe`, whose `evt` has the types of the definitions, parsed by their schemas.
 *
 * @throws RefusedError `invalid_handler` for what is no definition, or no function
 * @example
 * export const handler = EventHandler(Todo.Events.Created, async (evt) => {});
 */
export function EventHandler<Defined extends SstEvent>(
	events: Defined | readonly Defined[],
	inner: (evt: EvtOf<Defined>, context: HandlerContext) => unknown,
) {
	const defined = [events].flat() as Defined[];
	// What is imported is undefined where two modules import each other.
	for (const event of defined)
		if (!schemas.has(event))
			throw refusal(
				`${event} is no definition: give what event(type, schema) returned`,
			);
	if (typeof inner !== "function")
		throw refusal(
			`${defined.map(({ type }) => type).join(", ")}: the handler is no function`,
		);
	const handler = async (evt: EvtOf<Defined>, context: HandlerContext) => {
		await inner(evt, context);
	};
	handlers.set(handler, { events: defined, inner });
	return handler;
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `EventHandler: ${why}`);
}

/** The function that the user wrote. */
export function innermost(handler: ModuleFunction): ModuleFunction {
	return handlers.get(handler)?.inner ?? handler;
}

/** The schema by which a handler wants the events of a type, where it says so. */
export function schemaFor(
	handler: ModuleFunction,
	type: string,
): Schema | undefined {
	const defined = handlers
		.get(handler)
		?.events.find((event) => event.type === type);
	return defined && schemas.get(defined);
}
