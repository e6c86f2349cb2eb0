/**
 * What `tidings.config.ts` may say, and what it comes to. Each error names the path of the value that is
 * wrong. It asks nobody: whether bindings and handlers are there is seen when the Worker starts.
 */
import { type Duration, milliseconds } from "../event/duration.ts";
import { DEFAULT_SHARDS, MAX_SHARDS } from "../event/id.ts";
import { QUEUE_KEPT } from "../event/limits.ts";
import { objectOf, rejectUnknownKeys } from "../event/validation.ts";
import type { Retries } from "../handlers/retry-policy.ts";
import type { RouteDefaults, Routing } from "../handlers/route.ts";
import { checkIssuers, type Issuers } from "./issuer.ts";
import {
	changedOf,
	changeOf,
	isKey,
	type RouteConfig,
} from "./route-config.ts";

/** The bindings that `wrangler types` found, where it was run. */
type BindingName = [keyof Cloudflare.Env] extends [never]
	? string
	: Extract<keyof Cloudflare.Env, string>;

export interface Config {
	/** Workers that bring handlers, by a key of letters, digits, `_` and `-`: the ids of their handlers begin with it, `mail/send-welcome`. */
	subscribers?: Readonly<Record<string, SubscriberConfig>>;
	/** Routes by the id that their deliveries get: over what the handlers' code says, or in its place. */
	routes?: Readonly<Record<string, RouteConfig>>;
	/** For handlers that do not say themselves. */
	defaults?: {
		/** Default 10 retries, exponential from 5 seconds. */
		retries?: Retries;
		/** Default 5 seconds, at most 60. */
		timeout?: Duration;
	};
	/** Issuers of the tokens that subscribers to apps' events show, by the name that `events.json` has for them, `@my-org/auth`. */
	issuers?: Issuers;
	/** Where this Worker answers from outside, such as `https://events.example.com`: webhook URLs begin with it. Default `http://localhost:8787`. */
	url?: string;
	/**
	 * Scheduler objects that share what waits, 1 to 256. Default 4; add some at any time. To take some away,
	 * `{ now: 4, before: 8 }`: new events go to 4, what waits in 8 is still listed and watched.
	 */
	shards?: number | { now: number; before: number };
	retention?: {
		/** How long the queues keep a message, as they are set; `/health` turns 503 past half of it. Default `"14 days"`. */
		queues?: Duration;
		/** How long a dead letter is kept after its last failure. Default `"90 days"`. */
		deadLetters?: Duration;
	};
}

export interface SubscriberConfig {
	/** The service binding, whose entrypoint is that Worker's `Subscriber`. */
	binding: BindingName;
}

/**
 * Types `tidings.config.ts`; `worker(events, { config })` takes it.
 *
 * @example
 * export default defineConfig({ subscribers: { mail: { binding: "MAIL" } } });
 */
export function defineConfig(config: Config): Config {
	return config;
}

/** The configuration in full: plain data, in milliseconds. */
export interface Settings {
	/** Names of bindings, by key. */
	subscribers: Readonly<Record<string, string>>;
	routing: Routing;
	issuers: Issuers;
	/** Without a slash at its end. */
	url: string;
	/** New events go to `now` of them; there are `all`. */
	shards: { now: number; all: number };
	retention: { queues: number; deadLetters: number };
}

const MEMBERS = [
	...["subscribers", "routes", "defaults", "issuers", "url"],
	...["shards", "retention"],
];

/** @throws TypeError that names the path of what is wrong */
export function settingsOf(config: Config = {}): Settings {
	at("config", () =>
		rejectUnknownKeys("the configuration", objectOf(config), MEMBERS),
	);
	const { subscribers = {}, routes = {}, defaults = {} } = config;
	const { shards = DEFAULT_SHARDS, retention = {} } = config;
	return {
		subscribers: subscribersOf(at("subscribers", () => objectOf(subscribers))),
		routing: {
			overrides: Object.entries(at("routes", () => objectOf(routes))).map(
				([id, route]) =>
					at(`routes[${JSON.stringify(id)}]`, () => changeOf(id, route)),
			),
			defaults: at("defaults", () => defaultsOf(defaults)),
		},
		issuers: at("issuers", () => issuersOf(config.issuers)),
		url: at("url", () => urlOf(config.url)),
		shards: at("shards", () => shardsOf(shards)),
		retention: at("retention", () => retentionOf(retention)),
	};
}

export const DEFAULT_SETTINGS = settingsOf();

/** Puts the path before whatever the check throws. */
function at<Result>(path: string, check: () => Result): Result {
	try {
		return check();
	} catch (error) {
		throw new TypeError(
			`tidings.config.ts: ${path}: ${(error as Error).message}`,
		);
	}
}

function subscribersOf(
	subscribers: NonNullable<Config["subscribers"]>,
): Record<string, string> {
	const keys = new Map<string, string>();
	for (const [key, subscriber] of Object.entries(subscribers)) {
		at("subscribers", () => checkKey(key));
		at(`subscribers.${key}`, () => {
			const binding = bindingOf(subscriber);
			const other = keys.get(binding);
			if (other !== undefined)
				throw new TypeError(
					`binding ${JSON.stringify(binding)} has another key already, ${other}: its handlers would run twice`,
				);
			keys.set(binding, key);
		});
	}
	return Object.fromEntries([...keys].map(([binding, key]) => [key, binding]));
}

function checkKey(key: string): void {
	if (!isKey(key))
		throw new TypeError(
			`the key ${JSON.stringify(key)} is not 1 to 64 of A-Z a-z 0-9 _ -`,
		);
}

function bindingOf(subscriber: SubscriberConfig): string {
	const given = objectOf(subscriber, '{ binding: "…" }');
	rejectUnknownKeys("the subscriber", given, ["binding"]);
	const binding: unknown = given.binding;
	if (typeof binding === "string" && binding !== "") return binding;
	throw new TypeError(
		`binding ${JSON.stringify(binding)} is not the name of a service binding`,
	);
}

function defaultsOf(defaults: NonNullable<Config["defaults"]>): RouteDefaults {
	rejectUnknownKeys("the defaults", objectOf(defaults), ["retries", "timeout"]);
	return changedOf(defaults);
}

function issuersOf(issuers: Issuers = {}): Issuers {
	checkIssuers(issuers);
	return issuers;
}

function urlOf(url = "http://localhost:8787"): string {
	const isUrl = typeof url === "string" && /^https?:\/\//.test(url);
	if (isUrl && URL.canParse(url)) return url.replace(/\/+$/, "");
	throw new TypeError(
		`${JSON.stringify(url)} is no URL that begins with https:// or http://`,
	);
}

function shardsOf(shards: NonNullable<Config["shards"]>): Settings["shards"] {
	if (typeof shards !== "object" || shards === null)
		return { now: shardCount(shards), all: shardCount(shards) };
	rejectUnknownKeys("the shards", shards, ["now", "before"]);
	const { now, before } = shards;
	return { now: shardCount(now), all: Math.max(now, shardCount(before)) };
}

function shardCount(shards: number): number {
	if (Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS)
		return shards;
	throw new RangeError(
		`${JSON.stringify(shards)} is not a whole number from 1 to ${MAX_SHARDS}`,
	);
}

function retentionOf(
	retention: NonNullable<Config["retention"]>,
): Settings["retention"] {
	rejectUnknownKeys("the retention", objectOf(retention), [
		"queues",
		"deadLetters",
	]);
	const { queues = "14 days", deadLetters = "90 days" } = retention;
	const kept = {
		queues: milliseconds(queues, "queues"),
		deadLetters: milliseconds(deadLetters, "deadLetters"),
	};
	if (kept.queues > QUEUE_KEPT)
		throw new RangeError(
			`queues: ${JSON.stringify(queues)} is over 14 days, the longest that a queue keeps a message`,
		);
	return kept;
}
