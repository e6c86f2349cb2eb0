/** The actions of both sides, and their answers. Types only. */

/** How events are published. */
export type Manner = "one by one" | "together" | "in batches";

export interface Actions {
	/** Pauses the consumer. */
	pause: Record<never, never>;
	/** Publishes while the consumer is paused, so that only publishing is measured. */
	publish: { events: number; manner: Manner };
	/** Resumes the consumer, until this many events were handled. */
	handled: { events: number };
	/** Publishes in batches, until the last handler has ended. */
	endToEnd: { events: number; handlers: 1 | 3 | 10; bytes: number };
	/** Publishes one event every few milliseconds. */
	latency: { events: number; everyMs: number };
	/** Schedules for tomorrow. */
	schedule: { events: number; manner: Manner };
	/** Schedules for tomorrow, and cancels all events together. */
	cancel: { events: number };
	/**
	 * Schedules in batches, until the last handler has ended. The first event is due after `leadMs`, the last one
	 * `overMs` later.
	 */
	due: { events: number; leadMs: number; overMs: number };
	/** Publishes in batches. Every tenth event fails once, and is retried a second later. */
	retries: { events: number };
	/** Adds subscriptions to the event that is named for the number `of`. */
	fill: { of: number; subscriptions: number };
	/** Sends that event many times together, each time to one of its subscribers. */
	match: { of: number; subscriptions: number; events: number };
}

export type ActionName = keyof Actions;

export interface Answer {
	/** Duration of what is measured, in milliseconds. */
	ms: number;
	/** Attempts of handlers in this action. */
	handled: number;
	/** Wait of each event in milliseconds, if the action measures it. */
	waits?: number[];
}
