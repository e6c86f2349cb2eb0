/** A handler: its patterns, its options, and the id that survives deploys. It runs none. */
import type { CloudEventAttributes } from "../event/cloud-events/attributes.ts";
import type { Schema } from "../event/definition.ts";
import type { Duration } from "../event/duration.ts";
import type { TidingsEvent } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { MAX_TIMEOUT } from "../event/limits.ts";
import { checkPattern } from "../event/name.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import { sourceOf, warnOfSharedId } from "./default-id.ts";
import {
	optionDuration,
	type Policy,
	policyOf,
	type Retries,
} from "./retry-policy.ts";

export interface HandlerContext {
	/** The handler's id. */
	readonly handler: string;
	/** The number of this attempt, counted from 1. */
	readonly attempt: number;
	/** The tags of the event. */
	readonly tags: Readonly<Record<string, string>>;
	/** The W3C trace context of the publisher, if it gave one. */
	readonly traceparent?: string;
	/** The attributes of the CloudEvent that the event was published as. `toCloudEvent` restores it with them. */
	readonly cloudEvent?: CloudEventAttributes;
	/** Aborts when the attempt's time is over. */
	readonly signal: AbortSignal;
	/**
	 * Changes the attempt's time while it runs, in milliseconds from its start, at most 60 000. A time that has
	 * already elapsed fails the attempt at once.
	 *
	 * @throws RangeError unless it is above 0 and at most 60 000
	 */
	setTimeout(ms: number): void;
}

export interface HandlerOptions {
	/** Identifies the handler across deploys, so that waiting retries find it. 1 to 128 characters without spaces. */
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
	/** Milliseconds; absent if its registration sets none. */
	timeout?: number;
	/** Absent if its registration sets none. */
	policy?: Policy;
	/** Parses the body for handlers registered by definition. */
	schema?: Schema;
	/** @param host what an extension gives its own handlers; see `consume/extension.ts` */
	run(event: TidingsEvent, context: HandlerContext, host?: object): unknown;
}

const ID = /^[^\s\p{C}]{1,128}$/u;
const MEMBERS = ["id", "timeout", "retries"];

/**
 * Creates a handler from what `events.on` was called with.
 *
 * @throws RefusedError `invalid_handler` that names the handler, for an invalid pattern, id, timeout or policy
 */
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
		throw invalidHandler(`${which}: ${(error as Error).message}`);
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
			`the options are ${options === null ? "null" : `a ${typeof options}`}; on takes (name, handler) or (name, options, handler)`,
		);
	rejectUnknownKeys("options", options, MEMBERS);
	// Never the position: it changes with a deploy.
	const id = options.id ?? `${patterns.join(",")}:${sourceOf(run)}`;
	const hint = `on(${JSON.stringify(patterns[0])}, { id: "…" }, …)`;
	if (!isHandlerId(id))
		throw new TypeError(
			`id ${JSON.stringify(id)} is not an id; use 1 to 128 characters without spaces, and not * alone`,
		);
	if (options.id === undefined)
		warnOfSharedId(id, `another handler may get this id; use ${hint}`, run);
	const { retries } = options;
	const policy = retries === undefined ? undefined : policyOf(retries);
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

/** `*` alone means all handlers of a Worker. */
export function isHandlerId(value: unknown): value is string {
	return typeof value === "string" && ID.test(value) && value !== "*";
}

export function isTimeout(ms: number): boolean {
	return ms >= 0 && ms <= MAX_TIMEOUT;
}

/** @throws TypeError or RefusedError unless it is a duration of at most 60 seconds */
export function timeoutOf(duration: Duration): number {
	const timeout = optionDuration(duration, "timeout");
	if (isTimeout(timeout)) return timeout;
	throw new TypeError(
		`timeout: ${timeout} ms is too long; an attempt may take at most ${MAX_TIMEOUT} ms`,
	);
}

export function invalidHandler(why: string): RefusedError {
	return new RefusedError("invalid_handler", `on: ${why}`);
}
