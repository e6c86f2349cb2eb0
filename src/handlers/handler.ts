/** What a handler is, the id that survives deploys, and the registry that finds it. It runs none. */
import type { AppHost } from "../apps/app-host.ts";
import type { Schema } from "../event/definition.ts";
import type { Duration } from "../event/duration.ts";
import type { EventHead } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { MAX_TIMEOUT } from "../event/limits.ts";
import { checkPattern } from "../event/name.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import {
	optionDuration,
	type Policy,
	policyOf,
	type Retries,
	reachesPast,
} from "./retry-policy.ts";

/** What a handler gets. */
export interface TidingsEvent<Body = unknown, Name extends string = string>
	extends EventHead {
	name: Name;
	body: Body;
}

export interface HandlerContext {
	/** The handler's id. */
	readonly handler: string;
	/** Which attempt this is, counted from 1. */
	readonly attempt: number;
	/** Aborts when the attempt's time is over. */
	readonly signal: AbortSignal;
	/**
	 * Changes the attempt's time while it runs, in milliseconds from its start, at most 60 000. What has
	 * already passed fails the attempt at once.
	 *
	 * @throws RangeError when it is not finite, not positive or over 60 000
	 */
	setTimeout(ms: number): void;
}

export interface HandlerOptions {
	/** Keeps a waiting retry with this handler over deploys; 1 to 128 characters without spaces. */
	id?: string | undefined;
	/** An attempt's time. Default 5 seconds, at most 60. */
	timeout?: Duration | undefined;
	/** A number of retries, or the whole policy. Default 10 retries, exponential from 5 seconds. */
	retries?: Retries | undefined;
}

export type HandlerFunction<Event = TidingsEvent> = (
	event: Event,
	context: HandlerContext,
) => unknown;

export interface Handler {
	id: string;
	patterns: readonly string[];
	/** Milliseconds; absent where its registration does not say. */
	timeout?: number;
	/** Absent where its registration does not say. */
	policy?: Policy;
	/** Parses the body anew, for handlers registered by definition. */
	schema?: Schema;
	/** @param door the owner of the events, where the handler is an app's */
	run(event: TidingsEvent, context: HandlerContext, door?: AppHost): unknown;
}

const ID = /^[^\s\p{C}]{1,128}$/u;
const HOUR = 3_600_000;
const MEMBERS = ["id", "timeout", "retries"];

/** @throws RefusedError `invalid_handler` for a pattern, an id, a timeout or a policy that is none, naming the handler */
export function handlerOf(
	patterns: readonly string[],
	options: HandlerOptions,
	run: HandlerFunction,
	schema?: Schema,
): Handler {
	try {
		return checkedHandler(patterns, options, run, schema);
	} catch (error) {
		const which = [patterns.join(", "), options?.id].filter(Boolean).join(", ");
		throw refusal(`${which}: ${(error as Error).message}`);
	}
}

function checkedHandler(
	patterns: readonly string[],
	options: HandlerOptions,
	run: HandlerFunction,
	schema?: Schema,
): Handler {
	if (typeof run !== "function")
		throw new TypeError("the handler is not a function");
	if (patterns.length === 0)
		throw new TypeError("a handler needs a name or pattern");
	patterns.forEach(checkPattern);
	if (typeof options !== "object" || options === null)
		throw new TypeError(
			`the options are ${options === null ? "null" : `a ${typeof options}`}: on takes (name, handler) or (name, options, handler)`,
		);
	rejectUnknownKeys("options", options, MEMBERS);
	const id = options.id ?? defaultId(patterns, run);
	if (!isHandlerId(id))
		throw new TypeError(
			`id ${JSON.stringify(id)} is not 1 to 128 characters without spaces, or is * alone: give the handler an id`,
		);
	const { retries } = options;
	const policy = retries === undefined ? undefined : policyOf(retries);
	if (
		options.id === undefined &&
		run.name === "" &&
		reachesPast(policy ?? policyOf(), HOUR)
	)
		console.warn(
			`tidings: the handler ${id} has no name and no id, so a retry that waits while you deploy a change to it will not find it: register it as on(${JSON.stringify(patterns[0])}, { id: "…" }, …)`,
		);
	return {
		id,
		patterns,
		...(options.timeout !== undefined && {
			timeout: timeoutOf(options.timeout),
		}),
		...(policy && { policy }),
		run,
		...(schema && { schema }),
	};
}

/** A lone `*` stands for all handlers of a Worker. */
export function isHandlerId(value: unknown): value is string {
	return typeof value === "string" && ID.test(value) && value !== "*";
}

export function isTimeout(ms: number): boolean {
	return ms >= 0 && ms <= MAX_TIMEOUT;
}

/** @throws TypeError or RefusedError for what is no duration, or one over 60 seconds */
export function timeoutOf(duration: Duration): number {
	const timeout = optionDuration(duration, "timeout");
	if (isTimeout(timeout)) return timeout;
	throw new TypeError(
		`timeout ${timeout} ms is over ${MAX_TIMEOUT} ms, the longest that an attempt can have`,
	);
}

/** `pattern:functionName`, else `pattern:` and a hash of the source; never the mere place. */
function defaultId(patterns: readonly string[], run: HandlerFunction): string {
	return `${patterns.join(",")}:${sourceName(run)}`;
}

/** What tells a function of the user's from others over deploys: its name, else a hash of its source. */
export function sourceName(run: { name: string; toString(): string }): string {
	return run.name || fnv1a(run.toString()).toString(16).padStart(8, "0");
}

/** FNV-1a, 32 bits, over UTF-16 code units: equal in every Worker and after every deploy. */
function fnv1a(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}

/** The handlers of one Worker, in order of registration. */
export class Handlers {
	readonly #byId = new Map<string, Handler>();
	#list: readonly Handler[] = [];

	/** @throws RefusedError `invalid_handler` when the id is taken */
	add(handler: Handler): void {
		if (this.#byId.has(handler.id))
			throw refusal(
				`the id ${JSON.stringify(handler.id)} is taken by another handler: give this one its own, on(${JSON.stringify(handler.patterns[0])}, { id: "…" }, …)`,
			);
		this.#byId.set(handler.id, handler);
		this.#list = [...this.#byId.values()];
	}

	get(id: string): Handler | undefined {
		return this.#byId.get(id);
	}

	/** The same list as before, unless a handler came in since. */
	list(): readonly Handler[] {
		return this.#list;
	}
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `on: ${why}`);
}
