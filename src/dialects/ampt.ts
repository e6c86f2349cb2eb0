/** Door: Ampt's events. It adds Ampt's policy: a failed delivery is retried every six minutes for 14 days. */
import type { EventFor } from "../event/catalogue.ts";
import type { Definition } from "../event/definition.ts";
import { type Events, withRetries } from "../events.ts";
import type {
	HandlerContext,
	HandlerFunction,
	HandlerOptions,
	TidingsEvent,
} from "../handlers/handler.ts";
import { bus } from "./bus.ts";

export type { HandlerContext, HandlerOptions, TidingsEvent };

/** `Events` with a body of any type in handlers by name, as Ampt's have. */
export interface AmptEvents extends Omit<Events, "on"> {
	/**
	 * Registers a handler for a definition, a name, a pattern or several. An attempt has 5 seconds; a delivery is
	 * retried every six minutes for 14 days, unless the options say otherwise.
	 *
	 * @throws RefusedError `invalid_handler` for a timeout over 60 seconds, a repeated id, a pattern that is none
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
	// biome-ignore lint/suspicious/noExplicitAny: so that Ampt's code compiles as it stands
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
