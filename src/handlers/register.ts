/** What `events.on` was given becomes a handler of this Worker. */
import { isDefinition } from "../event/definition.ts";
import type { Owner } from "../owner.ts";
import {
	type HandlerFunction,
	type HandlerOptions,
	handlerOf,
} from "./handler.ts";
import type { Retries } from "./retry-policy.ts";

/** @param retries the policy where the options say none */
export function register(
	owner: Owner,
	target: unknown,
	rest: unknown[],
	retries?: Retries,
): void {
	const run = rest.at(-1) as HandlerFunction;
	const [given = {}] = (rest.length > 1 ? rest : []) as HandlerOptions[];
	// What are no options stays as it is, to be refused.
	const options =
		retries !== undefined && given && typeof given === "object"
			? { ...given, retries: given.retries ?? retries }
			: given;
	const handler = isDefinition(target)
		? handlerOf([target.name], options, run, target.schema)
		: handlerOf(
				(Array.isArray(target) ? target : [target]) as string[],
				options,
				run,
			);
	owner.handlers.add(handler);
}
