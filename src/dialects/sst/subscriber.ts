/** What a bus is subscribed with: types of events, and a function or the path of one. It registers nothing. */
import { RefusedError } from "../../event/errors.ts";
import { isName, isPattern } from "../../event/name.ts";
import { type HandlerContext, sourceName } from "../../handlers/handler.ts";
import { handlerAt, type ModuleFunction } from "../../handlers/modules.ts";
import { innermost } from "./handler.ts";

/** A function, or the path of one: its file from the root of the project and its name, `"src/mail.handler"`. */
export type Subscriber =
	| string
	// biome-ignore lint/suspicious/noExplicitAny: EventHandler types it
	| ((evt: any, context: HandlerContext) => unknown);

export interface SubscriberProps {
	handler: Subscriber;
	/** Retries of this subscriber. Default: those of the bus. */
	retries?: number;
}

/** @throws RefusedError `invalid_handler` for none, and for patterns, which a bus does not have */
export function checkTypes(types: readonly string[]): void {
	if (types.length === 0)
		throw refusal("no types: give that of an event, or several");
	for (const type of types)
		if (typeof type === "string" && isPattern(type) && !isName(type))
			throw refusal(
				`${JSON.stringify(type)} is a pattern: give the types, one or a list of them`,
			);
}

/** How a subscriber is found, and what tells it from others over deploys. */
export function found(
	handler: Subscriber,
	types: readonly string[],
): { resolve: () => ModuleFunction; source: string } {
	if (typeof handler === "string")
		return { resolve: handlerAt(pathOf(handler)), source: handler };
	if (typeof handler === "function")
		return { resolve: () => handler, source: sourceName(innermost(handler)) };
	// What is imported is undefined where two modules import each other.
	throw refusal(
		`${JSON.stringify(types.join(", "))} has no subscriber: give a function, or the path of one`,
	);
}

/** `"src/events/todo-created.handler"`: the file and the name of its export. */
function pathOf(path: string) {
	const [, file, name] = /^(.+)\.([^./]+)$/.exec(path) ?? [];
	if (file === undefined || name === undefined)
		throw refusal(
			`${JSON.stringify(path)} is no path of a handler: give its file and the name of its export, such as "src/events/todo-created.handler"`,
		);
	return { file, exports: [name] };
}

export function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `subscribe: ${why}`);
}
