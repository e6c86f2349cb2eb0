/** Types and ids of dead letters: deliveries that ended without success. It stores none. */
import { type EventHead, type FinalFailure, headOf } from "./envelope.ts";

/** A dead letter to store. */
export interface NewDeadLetter extends FinalFailure {
	id: string;
	/** The envelope without body, delivery and dead letter, but with members that this version does not know. */
	head: EventHead;
	/** The body's JSON text; null if it was stored by reference and is gone. */
	body: string | null;
}

/** Returns `eventId:handlerId`: an event has one dead letter for each handler, however often it fails. */
export function deadLetterId(eventId: string, handler: string): string {
	return `${eventId}:${handler}`;
}

/** A dead letter in the store. */
export interface StoredDeadLetter extends NewDeadLetter {
	/** A discarded dead letter stays stored without its body, so that a late duplicate does not store it again. */
	status: "dead" | "replayed" | "discarded";
	/** Number of replays. */
	replays: number;
}

/** A dead letter as callers see it in a list, without the body of its event. */
export interface DeadLetter
	extends Omit<StoredDeadLetter, "head" | "body" | "replay"> {
	event: EventHead;
}

export interface DeadLetterQuery {
	/** Default `"dead"`; `"replayed"` for dead letters that were replayed and did not fail again. */
	status?: "dead" | "replayed" | undefined;
	/** The event's name, exactly. */
	event?: string | undefined;
	handler?: string | undefined;
	cause?: string | undefined;
	/** Size of the page, 1 to 1 000. Default 100. */
	limit?: number | undefined;
	/** The `cursor` of the page before. */
	cursor?: string | undefined;
}

/** Returns a dead letter without its body and without unknown members. */
export function summaryOf(deadLetter: StoredDeadLetter): DeadLetter {
	const { head, body: _, replay: __, ...summary } = deadLetter;
	return { ...summary, event: headOf(head) };
}
