/**
 * Routes: which handler of which Worker an event goes to, by which patterns, with which time and policy. They
 * come from what a Worker lists and from what the configuration says over that.
 */

import { DEFAULT_TIMEOUT, LISTED_HANDLERS } from "../event/limits.ts";
import { isPattern, isReservedName, matches } from "../event/name.ts";
import { type Handler, isHandlerId, isTimeout } from "./handler.ts";
import { type Policy, policyFrom, policyOf } from "./retry-policy.ts";

/** A handler as its Worker lists it. */
export interface HandlerListing {
	/** Its id in its own Worker. */
	id: string;
	patterns: readonly string[];
	/** Milliseconds; absent where the handler does not say. */
	timeout?: number;
	/** Absent where the handler does not say. */
	policy?: Policy;
	/** JSON Schema of the bodies that it takes, where its definition has one. */
	schema?: object;
}

export interface Route {
	/** The id of its deliveries: the handler's own, behind the key of its Worker, unless it is renamed. */
	id: string;
	/** The handler's id in its own Worker. */
	handler: string;
	patterns: readonly string[];
	/** Milliseconds. */
	timeout: number;
	policy: Policy;
	schema?: object;
}

/** What the configuration says of one route, over what the handler says. */
export interface RouteOverride {
	/** The id of its deliveries. */
	id: string;
	/** The id of the handler that it calls: behind the key of its Worker, if it is another's. */
	handler: string;
	patterns?: readonly string[];
	timeout?: number;
	policy?: Policy;
}

/** What holds where neither handler nor route says. */
export interface RouteDefaults {
	timeout?: number;
	policy?: Policy;
}

export interface Routing {
	overrides: readonly RouteOverride[];
	defaults: RouteDefaults;
}

/** The routes to one Worker's handlers, in order of registration. */
export class Routes {
	readonly list: readonly Route[];
	/** Routes and, under their own ids, handlers that were renamed while deliveries waited for them. */
	readonly #byId: ReadonlyMap<string, Route>;

	/** @param renamed what is found by its id and matched by no name */
	constructor(list: readonly Route[], renamed: readonly Route[] = []) {
		this.list = list;
		this.#byId = new Map(
			[...renamed, ...list].map((route) => [route.id, route]),
		);
	}

	get(id: string): Route | undefined {
		return this.#byId.get(id);
	}

	/** Returns the routes whose patterns match a name, in order of registration. */
	matching(name: string): readonly Route[] {
		// No wildcard matches the names of apps' events.
		const isMatch = isReservedName(name)
			? (pattern: string) => pattern === name
			: (pattern: string) => matches(pattern, name);
		return this.list.filter(({ patterns }) => patterns.some(isMatch));
	}
}

/**
 * The routes to what a Worker lists. A handler that the configuration names is called by the routes that name
 * it and by no other.
 *
 * @param key the Worker's key in the configuration; empty for the Worker that owns the events
 */
export function routesOf(
	key: string,
	listed: readonly HandlerListing[],
	{ overrides: changes, defaults }: Routing,
): Routes {
	const renamed: Route[] = [];
	const list = listed.flatMap((handler): Route[] => {
		const own = routeOf(key, handler, defaults);
		const named = changes.filter((change) => change.handler === own.id);
		if (named.length === 0) return [own];
		renamed.push(own);
		return named.map(({ handler: _, ...change }) => ({ ...own, ...change }));
	});
	return new Routes(list, renamed);
}

/** Routes to handlers of a Worker that it does not list. */
export function routesInVain(
	key: string,
	{ overrides: changes }: Routing,
	routes: Routes,
): readonly RouteOverride[] {
	return changes.filter(
		({ id, handler }) =>
			handler.startsWith(key + KEY_SEPARATOR) && !routes.get(id),
	);
}

function routeOf(
	key: string,
	{ id, patterns, timeout, policy, schema }: HandlerListing,
	defaults: RouteDefaults,
): Route {
	return {
		id: qualifiedId(key, id),
		handler: id,
		patterns,
		timeout: timeout ?? defaults.timeout ?? DEFAULT_TIMEOUT,
		policy: policy ?? defaults.policy ?? policyOf(),
		...(schema && { schema }),
	};
}

/** Between a Worker's key and the id of its handler. */
export const KEY_SEPARATOR = "/";

/** The id of a handler of another Worker, as deliveries have it. */
export function qualifiedId(key: string, id: string): string {
	return key === "" ? id : key + KEY_SEPARATOR + id;
}

/** The key that an id begins with, if it has one. */
export function workerKeyOf(id: string): string | undefined {
	const end = id.indexOf(KEY_SEPARATOR);
	return end < 0 ? undefined : id.slice(0, end);
}

/** The id of a delivery to all handlers of a Worker, as long as it has not told which those are. */
export function allHandlersId(key: string): string {
	return qualifiedId(key, "*");
}

export function isAllHandlersId(id: string, key: string): boolean {
	return key !== "" && id === allHandlersId(key);
}

/** What a Worker tells of a handler: its code it keeps. */
export function listingOf({
	id,
	patterns,
	timeout,
	policy,
	schema,
}: Handler): HandlerListing {
	const described = schema && jsonSchemaOf(schema);
	return {
		id,
		patterns,
		...(timeout !== undefined && { timeout }),
		...(policy && { policy }),
		...(described && { schema: described }),
	};
}

/**
 * What another Worker listed, whose deploy may be older or newer than this one. A member that says how to run a
 * handler and cannot be read is left out; what says whether to run it must be read, or nothing is known.
 *
 * @throws TypeError for what is no list of at most 1 000 handlers
 */
export function listingsFrom(value: unknown): HandlerListing[] {
	if (!Array.isArray(value) || value.length > LISTED_HANDLERS)
		throw new TypeError(
			`the answer is no list of at most ${LISTED_HANDLERS} handlers`,
		);
	const list = value.map((one): HandlerListing => {
		const { id, patterns, timeout, policy, schema } = Object(one);
		if (!(isHandlerId(id) || isIdOfApp(id)) || !Array.isArray(patterns))
			throw new TypeError("the answer lists what is no handler");
		if (
			!patterns.every(
				(one) =>
					typeof one === "string" && (isPattern(one) || isReservedName(one)),
			)
		)
			throw new TypeError(`the patterns of ${id} cannot be read`);
		const readable = policy && readablePolicy(id, policy);
		return {
			id,
			patterns,
			...(typeof timeout === "number" && isTimeout(timeout) && { timeout }),
			...(readable && { policy: readable }),
			...(schema && { schema }),
		};
	});
	if (new Set(list.map(({ id }) => id)).size < list.length)
		throw new TypeError("the answer lists one id twice");
	return list;
}

/** `@scope/app/event/handler` of the longest names, which is longer than people may choose. */
function isIdOfApp(id: unknown): boolean {
	return typeof id === "string" && /^@[A-Za-z0-9_./-]{1,199}$/.test(id);
}

function readablePolicy(id: string, told: Policy): Policy | undefined {
	try {
		return policyFrom(told);
	} catch (error) {
		console.warn(`tidings: the retries of ${id} cannot be read`, error);
		return undefined;
	}
}

/** By Standard JSON Schema, where a schema can tell what it takes; what cannot be told is left out. */
function jsonSchemaOf(schema: Handler["schema"]): object | undefined {
	const { jsonSchema } = (schema?.["~standard"] ?? {}) as {
		jsonSchema?: { input(options: { target: string }): object };
	};
	try {
		const schema = jsonSchema?.input({ target: "draft-2020-12" });
		// What is no JSON in it, as a function, cannot cross to the owner.
		return schema && JSON.parse(JSON.stringify(schema));
	} catch {
		return undefined;
	}
}
