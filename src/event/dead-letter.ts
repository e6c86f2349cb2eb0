/** Types and ids of dead letters: deliveries that ended without success. It stores none. */
import type { EventHead, FinalFailure } from "./envelope.ts";

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

/** A discarded dead letter stays stored without its body, so that a late duplicate does not store it again. */
export type DeadLetterStatus = "dead" | "replayed" | "discarded";

/** A dead letter in the store. */
export interface StoredDeadLetter extends NewDeadLetter {
	status: DeadLetterStatus;
	/** Number of replays. */
	replays: number;
}

/** A dead letter without its body, in a list. */
export interface DeadLetterSummary extends Omit<FinalFailure, "replay"> {
	id: string;
	status: DeadLetterStatus;
	event: EventHead;
	/** Number of replays. */
	replays: number;
}

/** A dead letter with its whole event. */
export interface DeadLetter extends DeadLetterSummary {
	event: EventHead & { body: unknown };
}

export interface DeadLetterQuery {
	/** Default `"dead"`; `"replayed"` for those that were replayed and have not died again. */
	status?: "dead" | "replayed" | undefined;
	/** The event's name, exactly. */
	event?: string | undefined;
	handler?: string | undefined;
	cause?: string | undefined;
	/** At most this many, 1 to 1 000; default 100. */
	limit?: number | undefined;
	/** The `cursor` of the page before. */
	cursor?: string | undefined;
}

export interface DeadLetterPage {
	/** Latest failure first. */
	deadLetters: DeadLetterSummary[];
	/** Leads to the next page; absent on the last. */
	cursor?: string;
}

export function summaryOf(letter: StoredDeadLetter): DeadLetterSummary {
	const { head, body: _, replay: __, ...summary } = letter;
	const { id, name, time, delay } = head;
	return { ...summary, event: { id, name, time, delay } };
}
