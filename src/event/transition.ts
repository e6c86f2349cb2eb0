/** Transitions in the life of an event, for observers and the log. It changes no event. */
import type { Cause } from "./envelope.ts";
import type { Failure } from "./failure.ts";

type Tags = Readonly<Record<string, string>>;

interface OfEvent {
	/** Epoch milliseconds. */
	at: number;
	/** The event's id. */
	id: string;
	/** The event's name. */
	event: string;
	/** The caller who did this: the id of an API key, or the name of an app. Absent for the owner's own code. */
	by?: string;
}

interface OfDelivery extends OfEvent {
	handler: string;
	/** Counted from 1. Of `dead`: the attempts that were made, 0 if none was. */
	attempt: number;
	/** When the attempt started, in epoch milliseconds; absent if none was made. */
	startedAt?: number;
}

export type Transition =
	/** Stored by the queue. */
	| ({ type: "published" } & OfEvent)
	/** Stored by the scheduler until `dueAt`. */
	| ({ type: "scheduled"; dueAt: number; tags?: Tags } & OfEvent)
	/** With `handler`, the next attempt of one delivery. */
	| ({ type: "rescheduled"; dueAt: number; handler?: string } & OfEvent)
	/** Cancelled by a caller. With `handler`, one delivery: by a caller, or because its subscription has ended. */
	| ({ type: "cancelled"; handler?: string } & OfEvent)
	/** Sent to the queue by the scheduler; with `handler`, as a retry after a long wait. */
	| ({ type: "queued"; dueAt: number; handler?: string } & OfEvent)
	/** No handler matches; with `handler`, no handler of a Worker that has just listed its handlers. */
	| ({ type: "ignored"; handler?: string } & OfEvent)
	/**
	 * Each of these handlers gets a message of its own: the event's message was redelivered, its call was cut off, or its
	 * body cannot be read now.
	 */
	| ({ type: "split"; handlers: string[] } & OfEvent)
	| ({ type: "delivered" } & OfDelivery)
	/** The attempt failed; the next one begins at `retryAt`. */
	| ({ type: "retrying"; error: Failure; retryAt: number } & OfDelivery)
	/** The attempt cannot be made yet, because of the handler, its Worker, the body or a subscription: it waits. */
	| ({ type: "waiting"; reason: string; retryAt: number } & OfDelivery)
	/** The delivery ended without success, as a dead letter. */
	| ({ type: "dead"; cause: Cause; error: Failure } & OfDelivery)
	| ({ type: "replayed"; handler: string } & OfEvent)
	| ({ type: "discarded"; handler: string } & OfEvent);

/** Receives each transition once it is durable. An error that it throws is logged and has no other effect. */
export type Observe = (transition: Transition) => void;

/** Returns ports that report what a caller does with the name of this caller. */
export function actingAs<P extends { observe: Observe }>(
	ports: P,
	by: string,
): P {
	const { observe } = ports;
	return { ...ports, observe: (transition) => observe({ ...transition, by }) };
}

const MARK = "tidings ";

/** Writes a transition as a line of the log, for `npx tidings dev`. */
export function traceLine(transition: Transition): string {
	return MARK + JSON.stringify(transition);
}

/** Reads such a line. Returns undefined for any other line. */
export function transitionIn(line: string): Transition | undefined {
	if (!line.startsWith(`${MARK}{`)) return undefined;
	try {
		return JSON.parse(line.slice(MARK.length));
	} catch {
		return undefined;
	}
}
