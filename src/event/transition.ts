/** Every step in the life of an event, as the one port reports it to the log and to whoever listens. */
import type { Cause } from "./envelope.ts";
import type { Failure } from "./failure.ts";
import { isReservedName } from "./name.ts";

interface OfEvent {
	/** Epoch milliseconds. */
	at: number;
	/** The event's id. */
	id: string;
	/** The event's name. */
	event: string;
}

interface OfDelivery extends OfEvent {
	handler: string;
	/** Which attempt it was, counted from 1. */
	attempt: number;
}

export type Transition =
	/** Accepted, and held by the queue. */
	| ({ type: "published" } & OfEvent)
	/** Accepted, and held by the scheduler until `dueAt`. */
	| ({ type: "scheduled"; dueAt: number } & OfEvent)
	| ({ type: "rescheduled"; dueAt: number } & OfEvent)
	/** Taken back; with `handler` because the subscription has ended that it was for. */
	| ({ type: "cancelled"; handler?: string } & OfEvent)
	/** Handed by the scheduler to the queue; with `handler` it was a long retry. */
	| ({ type: "queued"; dueAt: number; handler?: string } & OfEvent)
	/** No handler matches; with `handler` none of a Worker's, which told its handlers only now. */
	| ({ type: "ignored"; handler?: string } & OfEvent)
	/** Its message came a second time: each handler now gets a delivery of its own. */
	| ({ type: "split"; handlers: string[] } & OfEvent)
	| ({ type: "delivered" } & OfDelivery)
	/** An attempt failed; the next begins at `retryAt`. */
	| ({ type: "retrying"; error: Failure; retryAt: number } & OfDelivery)
	/** Nobody here can run it yet: it waits without using up an attempt. */
	| ({ type: "waiting"; reason: string; retryAt: number } & OfDelivery)
	/** Ended without success: a dead letter. */
	| ({ type: "dead"; cause: Cause; error: Failure } & OfDelivery)
	| ({ type: "replayed"; handler: string } & OfEvent)
	| ({ type: "discarded"; handler: string } & OfEvent);

/** Is told of each transition once it is durable; what it throws is logged and changes nothing. */
export type Observe = (transition: Transition) => void;

/** An observer that cannot fail. */
export function safeObserver(observe: Observe): Observe {
	return (transition) => {
		try {
			const told: unknown = observe(transition);
			if (told instanceof Promise) told.catch(logThrown);
		} catch (error) {
			logThrown(error);
		}
	};
}

function logThrown(error: unknown): void {
	console.error("tidings: an observer threw", error);
}

/** Names that were told to be ignored; a bounded number, for callers may make names up. */
const ignored = new Set<string>();

/**
 * The observer used where none is given: a line for each attempt that failed and each dead letter, and one
 * for the first event of each name that no handler matches, which may be misspelt.
 */
export const logFailures: Observe = (transition) => {
	// An event of an app that nobody is subscribed to is not misspelt.
	const isMisspelt =
		transition.type === "ignored" && !isReservedName(transition.event);
	if (isMisspelt && ignored.size < 100) {
		if (!ignored.has(transition.event))
			console.warn(`tidings: no handler matches ${transition.event}: ignored`);
		ignored.add(transition.event);
	}
	if (transition.type === "retrying") console.warn(JSON.stringify(transition));
	if (transition.type === "dead") console.error(JSON.stringify(transition));
};
