/** One call of a Worker that runs handlers: what it is given, and how it answers while it runs. */

import type { AppIdentity } from "../apps/app-host.ts";
import type { AppDeclaration } from "../apps/declaration.ts";
import type { HookRequest, Received } from "../apps/webhooks/trigger.ts";
import type { Awaitable } from "../event/awaitable.ts";
import type { Report } from "../event/outcome.ts";
import type { TidingsEvent } from "./handler.ts";
import type { Routes } from "./route.ts";

export interface Call {
	/** The event's record as JSON text, its body in it. */
	record: string;
	/** The same parsed, where somebody has done so already: one handler may have it as its own, and change it. */
	parsed?: TidingsEvent | undefined;
	/** They run one after the other, in this order. */
	handlers: readonly HandlerCall[];
	/** No handler begins later than so many milliseconds after the call. */
	within: number;
	/** The app whose code it is, where it is one's. */
	inName?: AppIdentity | undefined;
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
export type Reporter = (delivery: string, report: Report) => Awaitable<void>;

/** What runs a call. */
export interface Runner {
	/** Its key in the configuration; empty for the owner of the events itself. */
	readonly key: string;
	/** Throws or rejects when the call was cut off; what was reported by then has ended. */
	run(call: Call, report: Reporter): Awaitable<void>;
	/** Whether it answers now. */
	isReachable(): Promise<boolean>;
}

/** A Worker that runs handlers: the owner of the events itself, or another one behind a binding. */
export interface HandlerWorker extends Runner {
	/** The routes to its handlers; undefined while it has not told them. */
	routes(): Awaitable<Routes | undefined>;
	/** The apps that it brings; undefined while it has not told them. */
	apps(): Promise<readonly AppDeclaration[] | undefined>;
	/** Asks an app whether a call of its webhook is to be held. */
	receive(eventName: string, request: HookRequest): Promise<Received>;
}

export interface HandlerWorkers {
	readonly all: readonly HandlerWorker[];
	/** The one that a delivery's handler belongs to. */
	forHandler(handler: string): HandlerWorker;
}

/** Before `worker(events)` is called nobody runs handlers. */
export const NO_CONSUMERS: HandlerWorkers = {
	get all(): never {
		throw new TypeError(
			"tidings: events were taken before worker(events) was called",
		);
	},
	forHandler: () => NO_CONSUMERS.all as never,
};
