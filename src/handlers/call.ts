/** One call of a Worker that runs handlers: its input, and how outcomes are reported while it runs. Types only. */
import type { TidingsEvent } from "../event/envelope.ts";
import type { Outcome } from "../event/outcome.ts";
import type { Routes } from "./route.ts";

export interface Call {
	/** The event's record as JSON text, with its body. */
	record: string;
	/** The decoded record, for the first handler, if the call stays in this Worker: decoding costs more than the rest. */
	decoded?: TidingsEvent | undefined;
	/** The handlers of this Worker that the event goes to. They run one after the other, in this order. */
	handlers: readonly HandlerCall[];
	/** No handler starts later than this after the call, in milliseconds. */
	within: number;
}

interface HandlerCall {
	/** The handler's id in deliveries. Outcomes are reported by it. */
	deliveryHandler: string;
	/** The handler's id in its own Worker. */
	handler: string;
	/** Counted from 1. */
	attempt: number;
	/** Milliseconds. */
	timeout: number;
	/** Whether the caller wants the returned value as JSON. */
	hasOutput?: boolean;
}

/** Receives each handler's outcome as soon as it has ended. If it throws, no further handler runs. */
export type Reporter = (
	deliveryHandler: string,
	outcome: Outcome,
) => Promise<void>;

/** A Worker that runs handlers: the owner of the events itself, or another one behind a service binding. */
export interface HandlerWorker {
	/** Its key in the configuration; empty for the owner of the events. */
	readonly key: string;
	/** Returns the routes to its handlers, or `undefined` while the Worker does not list them. */
	routes(): Promise<Routes | undefined>;
	/**
	 * Runs the handlers of a call.
	 *
	 * @param host what an extension gives its own handlers; see `consume/extension.ts`
	 * @throws Error when the call was cut off; outcomes reported before that count
	 */
	run(call: Call, report: Reporter, host?: object): Promise<void>;
	/** Asks the Worker now whether it responds. */
	isReachable(): Promise<boolean>;
}
