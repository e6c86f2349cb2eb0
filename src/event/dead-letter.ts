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

/** A discarded dead letter stays stored without its body, so that a late duplicate does not store it again. */
export type DeadLetterStatus = "dead" | "replayed" | "discarded";

/** A dead letter in the store. */
export interface StoredDeadLetter extends NewDeadLetter {
	status: DeadLetterStatus;
	/** Number of replays. */
	replays: number;
}

/** A dead letter without its body, in a list. */
interface DeadLetterSummary extends Omit<FinalFailure, "replay"> {
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

export interface DeadLetterPage {
	/** Latest failure first. */
	deadLetters: DeadLetterSummary[];
	/** Cursor of the next page; absent on the last page. */
	cursor?: string;
}

/** Returns a dead letter without its body and without unknown members. */
export function summaryOf(deadLetter: StoredDeadLetter): DeadLetterSummary {
	const { head, body: _, replay: __, ...summary } = deadLetter;
	return { ...summary, event: headOf(head) };
}
