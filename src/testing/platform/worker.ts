/** The Worker that runs on the simulated platform: its deploys, objects, queues and bindings. It contains no code. */
import type { ObjectClass, SimulatedObject } from "./object.ts";
import type { QueueSettings } from "./queue.ts";

/** One observation, for the ledger and the timeline. */
export interface Note {
	/** Simulated time, epoch milliseconds. */
	at: number;
	what: string;
	where: string;
	subjects: readonly string[];
	detail?: unknown;
}

export interface Batch {
	queue: string;
	messages: readonly unknown[];
	ackAll(): void;
	retryAll(options?: { delaySeconds?: number }): void;
}

/** One deploy of the Worker. */
export interface Deploy {
	/** Its own variables. Objects see those of `Platform.env`. */
	vars?: object;
	queue(batch: Batch): Promise<void>;
	scheduled(): Promise<void>;
	fetch?(request: Request): Promise<Response>;
}

/** The Worker that runs on the platform. */
export interface SimulatedWorker {
	/** Returns the deploy of an isolate that starts now. */
	deployed(): Deploy;
	objects: Record<string, () => ObjectClass>;
	vars: Record<string, unknown>;
	/** Other Workers, by the name of their binding. */
	services?: Record<
		string,
		{
			name: string;
			deployed(): object;
			/** Its bindings and variables. Default: those of the Worker. */
			env?: Record<string, unknown>;
		}
	>;
	/** The settings of each queue, and the name of its binding. */
	queues: Record<string, QueueSettings & { binding: string }>;
	/** Share of the isolates whose clock is wrong, from 0 to 1. */
	skewed: number;
	/**
	 * Whether an alarm that is set to the present inside its own handler stays set and never fires. Production behaves
	 * like this (cloudflare/workerd#6866). The local runtime does not, so the conformance suite runs without it.
	 * Default: true.
	 */
	hasStuckAlarms?: boolean;
	/** The longest delay of a duplicated message, in seconds. Default: 30. */
	duplicateDelay?: number;
	/** Whether a console message is also printed. Default: none is. */
	prints?(args: readonly unknown[]): boolean;
	/** Returns the events and deliveries that a text or value is about. */
	subjectsOf(value: unknown): string[];
	/** Called after each commit of an object. */
	committed?(object: SimulatedObject): void;
}
