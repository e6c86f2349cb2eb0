/** A dead letter: a delivery that ended without success, with its cause and its whole event. */
import type { EventHead, FinalFailure } from "./envelope.ts";

/** A letter as it is stored. */
export interface NewDeadLetter extends FinalFailure {
	id: string;
	/** The envelope without body, delivery and letter; members that this version does not know included. */
	head: EventHead;
	/** The body's JSON text; null when it travelled by reference and was gone. */
	body: string | null;
}

/** `eventId:handlerId`: one letter for each event and handler, however often it dies. */
export function deadLetterId(eventId: string, handler: string): string {
	return `${eventId}:${handler}`;
}

/** A discarded letter is kept without its body, so that a late duplicate of it does not bring it back. */
export type DeadLetterStatus = "dead" | "replayed" | "discarded";

/** What a store adds to a letter. */
export interface StoredDeadLetter extends NewDeadLetter {
	status: DeadLetterStatus;
	/** How often it was replayed. */
	replays: number;
}

/** A letter without its body, as a list shows it. */
export interface DeadLetterSummary extends Omit<FinalFailure, "replay"> {
	id: string;
	status: DeadLetterStatus;
	event: EventHead;
	/** How often it was replayed. */
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
