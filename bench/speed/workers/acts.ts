/** What each side can be made to do, and what it answers: the same acts for both, and types alone. */

/** How events are given to the queue. */
export type Manner = "one by one" | "together" | "in batches";

export interface Acts {
	/** Publishes while the consumer waits at the gate, so that nothing but publishing is measured. */
	publish: { events: number; manner: Manner };
	/** Lets the consumer go on until so many events were handled. */
	handled: { events: number };
	/** Shuts the consumer's gate. */
	shut: Record<never, never>;
	/** Publishes in batches, up to the end of the last handler. */
	endToEnd: { events: number; handlers: 1 | 3 | 10; bytes: number };
	/** Publishes one each few milliseconds. */
	latency: { events: number; everyMs: number };
	/** Schedules for tomorrow. */
	schedule: { events: number; manner: Manner };
	/** Schedules for tomorrow, and cancels together. */
	cancel: { events: number };
	/** Schedules in batches: the first is due after so long, the last so much later. Up to the last handler. */
	due: { events: number; leadMs: number; overMs: number };
	/** Publishes in batches; every tenth event fails once, and is tried again a second later. */
	retries: { events: number };
	/** Makes subscriptions of the event that is named for a number of them. */
	fill: { of: number; subscriptions: number };
	/** Sends that event together, each to one subscriber of so many. */
	match: { of: number; subscriptions: number; events: number };
}

export type ActName = keyof Acts;

export interface Answer {
	/** How long what is measured took, in milliseconds. */
	ms: number;
	/** Attempts of handlers that were begun in this act. */
	handled: number;
	/** What each event waited, in milliseconds, where that is asked. */
	waits?: number[];
}
