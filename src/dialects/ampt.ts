/**
 * Entry point `tidings/ampt`: Ampt's `events`, with Ampt's retry policy. A failed delivery is retried every six minutes
 * for 14 days. It contains no other rules.
 */
import type { EventFor } from "../event/catalogue.ts";
import type { Definition } from "../event/definition.ts";
import type { TidingsEvent } from "../event/envelope.ts";
import { type Events, withRetries } from "../events.ts";
import type {
	HandlerContext,
	HandlerFunction,
	HandlerOptions,
} from "../handlers/handler.ts";
import { bus } from "./bus.ts";

export type { HandlerContext, HandlerOptions, TidingsEvent };

/** `Events` whose handlers by name have a body of any type, as in Ampt. */
export interface AmptEvents extends Omit<Events, "on"> {
	/**
	 * Registers a handler for a definition, a name, a pattern, or a list of names or patterns. Defaults: a timeout of 5
	 * seconds, and retries every six minutes for 14 days.
	 *
	 * @throws RefusedError `invalid_handler` for a timeout over 60 seconds, a repeated id or an invalid pattern
	 */
	on<Target extends Definition>(
		target: Target,
		handler: HandlerFunction<EventFor<never, Target>>,
	): void;
	on<Target extends Definition>(
		target: Target,
		options: HandlerOptions,
		handler: HandlerFunction<EventFor<never, Target>>,
	): void;
	// biome-ignore lint/suspicious/noExplicitAny: so that code for Ampt compiles unchanged
	on<Body = any>(
		target: string | readonly string[],
		handler: HandlerFunction<TidingsEvent<Body>>,
	): void;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	on<Body = any>(
		target: string | readonly string[],
		options: HandlerOptions,
		handler: HandlerFunction<TidingsEvent<Body>>,
	): void;
}

export const events: AmptEvents = withRetries(
	{ backoff: "constant", base: "6 minutes", maxAge: "14 days" },
	bus,
);
