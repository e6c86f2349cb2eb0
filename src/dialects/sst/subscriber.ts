/** Checks the arguments of `bus.subscribe` and finds the subscriber's function. It registers nothing. */
import { RefusedError } from "../../event/errors.ts";
import { isName, isPattern } from "../../event/name.ts";
import { sourceOf, warnOfSharedId } from "../../handlers/default-id.ts";
import type { HandlerContext } from "../../handlers/handler.ts";
import { handlerAt, type ModuleFunction } from "../../handlers/modules.ts";
import { innerFunction } from "./handler.ts";

/** A function, or the path of one from the root of the project with its export: `"src/mail.handler"`. */
export type Subscriber =
	| string
	// biome-ignore lint/suspicious/noExplicitAny: EventHandler types it
	| ((evt: any, context: HandlerContext) => unknown);

export interface SubscriberProps {
	handler: Subscriber;
	/** Retries of this subscriber. Default: the retries of the bus. */
	retries?: number;
}

/** @throws RefusedError `invalid_handler` for an empty list, and for patterns, which a bus does not support */
export function checkTypes(types: readonly string[]): void {
	if (types.length === 0)
		throw refusal("there is no type; give one or several");
	for (const type of types)
		if (typeof type === "string" && isPattern(type) && !isName(type))
			throw refusal(
				`${JSON.stringify(type)} is a pattern; use types, one or a list`,
			);
}

interface Found {
	resolve: () => ModuleFunction;
	/** Identifies the function across deploys. */
	source: string;
	/** Logs the id if another function may get it in a later deploy. */
	warn(id: string): void;
}

/** Finds the subscriber's function, and what identifies it across deploys. */
export function findSubscriber(
	handler: Subscriber,
	types: readonly string[],
): Found {
	if (typeof handler === "string")
		return {
			resolve: handlerAt(pathOf(handler)),
			source: handler,
			warn: () => {},
		};
	if (typeof handler === "function") {
		const inner = innerFunction(handler);
		return {
			resolve: () => handler,
			source: sourceOf(inner, handler),
			warn: (id) => warnOfSharedId(id, HINT, inner, handler),
		};
	}
	// An import is undefined if two modules import each other.
	throw refusal(
		`${JSON.stringify(types.join(", "))} has no subscriber; give a function, or the path of one`,
	);
}

const HINT =
	'another subscriber may get this id; subscribe it by its path, such as "src/events/todo-created.handler", or name its function after what it does';

/** Splits `"src/events/todo-created.handler"` into the file and the name of its export. */
function pathOf(path: string) {
	const [, file, name] = /^(.+)\.([^./]+)$/.exec(path) ?? [];
	if (file === undefined || name === undefined)
		throw refusal(
			`${JSON.stringify(path)} is not the path of a handler; use its file and the name of its export, such as "src/events/todo-created.handler"`,
		);
	return { file, exports: [name] };
}

export function refusal(reason: string): RefusedError {
	return new RefusedError("invalid_handler", `subscribe: ${reason}`);
}
