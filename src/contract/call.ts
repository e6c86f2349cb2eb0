/** One call of a Worker that runs handlers: what it is given, and how it answers while it runs. */
import type { AppDeclaration } from "./app.ts";
import type { InName } from "./app-door.ts";
import type { Readable } from "./envelope.ts";
import type { TidingsEvent } from "./handler.ts";
import type { Report } from "./outcome.ts";
import type { Routes } from "./route.ts";
import type { HookRequest, Received } from "./trigger.ts";

export interface Call {
	/** The event's record as JSON text, its body in it. */
	record: string;
	/** The same parsed, where somebody has done so already: one handler may have it as its own, and change it. */
	parsed?: TidingsEvent;
	/** They run one after the other, in this order. */
	handlers: readonly HandlerCall[];
	/** No handler begins later than so many milliseconds after the call. */
	within: number;
	/** The app whose code it is, where it is one's. */
	inName?: InName;
}

export interface HandlerCall {
	/** The id of the delivery, by which it is reported. */
	delivery: string;
	/** The handler's id in its own Worker. */
	handler: string;
	attempt: number;
	/** Milliseconds. */
	timeout: number;
	/** Whether what it returns is wanted, as JSON. */
	hasOutput?: boolean;
}

/** Told of each handler as soon as it has ended; once it throws, no further handler is run. */
export type Reporter = (
	delivery: string,
	report: Report,
) => void | Promise<void>;

/** A Worker that runs handlers: the owner of the events itself, or another one behind a binding. */
export interface Consumer {
	/** Its key in the configuration; empty for the owner itself. */
	readonly key: string;
	/** The routes to its handlers; undefined while it has not told them. */
	routes(): Promise<Routes | undefined>;
	/** Rejects when the call was cut off; what was reported by then has ended. */
	run(call: Call, report: Reporter): Promise<void>;
	/** Whether it answers now. */
	answers(): Promise<boolean>;
	/** The apps that it brings; undefined while it has not told them. */
	apps(): Promise<readonly AppDeclaration[] | undefined>;
	/** Asks an app whether a call of its webhook is to be held. */
	receive(eventName: string, request: HookRequest): Promise<Received>;
}

/**
 * Acts once there is room: beside fewer than 32 others, their events 2 000 000 characters together at the most. What
 * is larger acts alone, and all begin in order.
 */
export type Turn = <Result>(
	event: Readable,
	act: () => Promise<Result>,
) => Promise<Result>;

/** A consumer as one batch sees it. */
export interface BatchConsumer extends Consumer {
	/** Among the messages of the batch that are under way to this Worker. */
	turn: Turn;
}

export interface Consumers {
	readonly all: readonly Consumer[];
	/** The one that a delivery's handler belongs to. */
	of(handler: string): Consumer;
}

export interface BatchConsumers extends Consumers {
	readonly all: readonly BatchConsumer[];
	of(handler: string): BatchConsumer;
}

/** Before `worker(events)` is called nobody runs handlers. */
export const NO_CONSUMERS: Consumers = {
	get all(): never {
		throw new TypeError(
			"tidings: events were taken before worker(events) was called",
		);
	},
	of: () => NO_CONSUMERS.all as never,
};
