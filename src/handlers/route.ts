/**
 * Routes: which handler of which Worker an event goes to, with which timeout and retry policy. They combine the
 * handlers that a Worker lists with the overrides of the configuration.
 */
import { DEFAULT_TIMEOUT } from "../event/limits.ts";
import { isReservedName, matches } from "../event/name.ts";
import type { HandlerListing } from "./listing.ts";
import { type Policy, policyOf } from "./retry-policy.ts";

/** The handler of a dead letter whose handler is not known. No handler has this id. */
export const UNKNOWN_HANDLER_ID = "";

export interface Route {
	/** The id in deliveries: the handler's own, prefixed with the key of its Worker, unless it was renamed. */
	id: string;
	/** The handler's id in its own Worker. */
	handler: string;
	patterns: readonly string[];
	/** Milliseconds. */
	timeout: number;
	policy: Policy;
	schema?: object;
	/** Where each setting comes from. */
	sources: Record<"patterns" | "timeout" | "retries", Source>;
}

/** The handler's registration, its route or the defaults in the configuration, or what holds without any of them. */
export type Source = "handler" | "route" | "defaults" | "built-in";

/** The configuration of routes. */
export interface Routing {
	/** Each configures one route, and overrides the handler's own options. */
	overrides: readonly (Partial<
		Pick<Route, "patterns" | "timeout" | "policy">
	> & {
		/** The id in deliveries. */
		id: string;
		/** The id of the handler that it calls, prefixed with the key of its Worker if it is not the owner's. */
		handler: string;
	})[];
	/** They apply if neither the handler nor the route sets a value. */
	defaults: { timeout?: number; policy?: Policy };
}

/** The routes to one Worker's handlers, in order of registration. */
export class Routes {
	readonly list: readonly Route[];
	readonly #byId: ReadonlyMap<string, Route>;

	/** @param renamed routes that waiting deliveries still name, but that match no event */
	constructor(list: readonly Route[], renamed: readonly Route[] = []) {
		this.list = list;
		this.#byId = new Map(
			[...renamed, ...list].map((route) => [route.id, route]),
		);
	}

	get(id: string): Route | undefined {
		return this.#byId.get(id);
	}

	/** The routes whose patterns match a name. A reserved name matches none: its extension delivers it. */
	matching(name: string): readonly Route[] {
		if (isReservedName(name)) return [];
		return this.list.filter(({ patterns }) =>
			patterns.some((pattern) => matches(pattern, name)),
		);
	}
}

/**
 * The routes to the handlers that a Worker lists. A handler that the configuration names is called only through
 * the routes that name it.
 *
 * @param key the Worker's key in the configuration; empty for the owner of the events
 */
export function routesOf(
	key: string,
	listings: readonly HandlerListing[],
	{ overrides, defaults }: Routing,
): Routes {
	const renamed: Route[] = [];
	const list = listings.flatMap((listing): Route[] => {
		const own = routeOf(key, listing, defaults);
		const naming = overrides.filter(({ handler }) => handler === own.id);
		if (naming.length === 0) return [own];
		renamed.push(own);
		return naming.map(({ handler: _, ...override }) => ({
			...own,
			...override,
			sources: {
				patterns: override.patterns ? "route" : own.sources.patterns,
				timeout: override.timeout === undefined ? own.sources.timeout : "route",
				retries: override.policy ? "route" : own.sources.retries,
			},
		}));
	});
	return new Routes(list, renamed);
}

/** The overrides that name a handler which this Worker does not list. */
export function routesWithoutHandler(
	key: string,
	{ overrides }: Routing,
	routes: Routes,
): Routing["overrides"] {
	return overrides.filter(
		({ id, handler }) =>
			handler.startsWith(key + KEY_SEPARATOR) && !routes.get(id),
	);
}

function routeOf(
	key: string,
	{ id, patterns, timeout, policy, schema }: HandlerListing,
	defaults: Routing["defaults"],
): Route {
	const sourceOf = (own: unknown, common: unknown): Source => {
		if (own !== undefined) return "handler";
		return common === undefined ? "built-in" : "defaults";
	};
	return {
		id: qualifiedId(key, id),
		handler: id,
		patterns,
		timeout: timeout ?? defaults.timeout ?? DEFAULT_TIMEOUT,
		policy: policy ?? defaults.policy ?? policyOf(),
		...(schema && { schema }),
		sources: {
			patterns: "handler",
			timeout: sourceOf(timeout, defaults.timeout),
			retries: sourceOf(policy, defaults.policy),
		},
	};
}

/** Separates a Worker's key from the id of its handler. */
export const KEY_SEPARATOR = "/";

/** The id in deliveries of a Worker's handler. */
export function qualifiedId(key: string, id: string): string {
	return key === "" ? id : key + KEY_SEPARATOR + id;
}

/** The key that an id begins with, if it has one. */
export function workerKeyOf(id: string): string | undefined {
	const end = id.indexOf(KEY_SEPARATOR);
	return end < 0 ? undefined : id.slice(0, end);
}

/** The id of a delivery to all handlers of a Worker whose handlers are not known yet. */
export function allHandlersId(key: string): string {
	return qualifiedId(key, "*");
}

export function isAllHandlersId(id: string, key: string): boolean {
	return key !== "" && id === allHandlersId(key);
}
