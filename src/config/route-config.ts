/** What `tidings.config.ts` may say of a route, and what it comes to. */
import type { Duration } from "../event/duration.ts";
import { checkPattern } from "../event/name.ts";
import { objectOf, rejectUnknownKeys } from "../event/validation.ts";
import { isHandlerId, timeoutOf } from "../handlers/handler.ts";
import { policyOf, type Retries } from "../handlers/retry-policy.ts";
import {
	KEY_SEPARATOR,
	type RouteOverride,
	workerKeyOf,
} from "../handlers/route.ts";

export interface RouteConfig {
	/** Names and patterns in place of those that the handler was registered for. */
	events?: string | readonly string[];
	/** The id of the handler that it calls. Default: the route's own. A handler that routes name is called by those alone. */
	handler?: string;
	retries?: Retries;
	timeout?: Duration;
}

const KEY = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether it can be the key of a Worker in the configuration. */
export function isKey(text: string): boolean {
	return KEY.test(text);
}

/** @throws TypeError that says what is wrong */
export function changeOf(id: string, route: RouteConfig): RouteOverride {
	rejectUnknownKeys("the route", objectOf(route), [
		...["events", "handler", "retries", "timeout"],
	]);
	const { events, handler = id, retries, timeout } = route;
	if (!isRouteId(id)) throw new TypeError(`the route's name is ${NO_ROUTE_ID}`);
	if (!isRouteId(handler))
		throw new TypeError(`handler ${JSON.stringify(handler)} is ${NO_ROUTE_ID}`);
	return {
		id,
		handler,
		...(events !== undefined && { patterns: patternsOf(events) }),
		...changedOf({ retries, timeout }),
	};
}

const NO_ROUTE_ID = `not a handler's id: 1 to 128 characters without spaces, behind the key of its Worker and ${KEY_SEPARATOR} if it is another's`;

/** The id of a handler, of this Worker or behind the key of another. */
function isRouteId(value: unknown): boolean {
	if (typeof value !== "string") return false;
	const key = workerKeyOf(value) ?? "";
	return isKey(key)
		? isHandlerId(value.slice(key.length + KEY_SEPARATOR.length))
		: isHandlerId(value);
}

function patternsOf(events: string | readonly string[]): readonly string[] {
	const patterns = Array.isArray(events) ? events : [events];
	if (patterns.length === 0)
		throw new TypeError(
			"events: an empty list calls nobody: leave it out for the handler's own",
		);
	try {
		patterns.forEach(checkPattern);
	} catch (error) {
		throw new TypeError(`events: ${(error as Error).message}`);
	}
	return patterns;
}

export function changedOf({
	retries,
	timeout,
}: {
	retries?: Retries | undefined;
	timeout?: Duration | undefined;
}) {
	return {
		...(retries !== undefined && { policy: policyOf(retries) }),
		...(timeout !== undefined && { timeout: timeoutOf(timeout) }),
	};
}
