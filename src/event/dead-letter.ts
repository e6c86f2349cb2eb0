/** Types and ids of dead letters: deliveries that ended without success. It stores none. */

import type { Filter } from "../lists/filter.ts";
import {
	type Cause,
	type Envelope,
	type EventHead,
	type FinalFailure,
	headOf,
} from "./envelope.ts";
import type { Failure } from "./failure.ts";

/** A dead letter to store. */
export interface NewDeadLetter extends FinalFailure {
	id: string;
	/** The envelope without body, delivery and dead letter, but with members that this version does not know. */
	head: EventHead & Pick<Envelope, "tags" | "cloudEvent">;
	/** The body's JSON text; null if it was stored apart and has expired. */
	body: string | null;
}

/** Returns `eventId:handlerId`: an event has one dead letter for each handler, however often it fails. */
export function deadLetterId(eventId: string, handler: string): string {
	return `${eventId}:${handler}`;
}

/**
 * - `dead`: it waits for a person
 * - `replaying`: its replay was sent, and has not ended
 * - `resolved`: its replay was delivered, was split into deliveries of their own, or is not needed any more
 * - `discarded`: a person has given it up. It stays stored without its body, so that a duplicate does not store it
 *   again
 */
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

export const DEAD_LETTER_STATES = [
	"dead",
	"replaying",
	"resolved",
	"discarded",
] as const;

/** An earlier failure of a dead letter that was replayed since. */
export interface PastFailure {
	/** Epoch milliseconds. */
	at: number;
	attempts: number;
	/** The replay that failed, counted from 1; 0 for the first failure. */
	replay: number;
	cause: Cause;
	error: Pick<Failure, "name" | "message">;
}

/** A dead letter in the store. */
export interface StoredDeadLetter extends NewDeadLetter {
	state: DeadLetterState;
	/** When the state last changed, in epoch milliseconds. */
	changedAt: number;
	/** Number of replays. */
	replays: number;
	/** Whether the message of the last replay was sent, as far as is known. */
	isSent: boolean;
	/** Earlier failures, the latest last, at most ten. */
	history: readonly PastFailure[];
	/** The version of the Worker that stored its first failure; empty if it is not known. */
	deploy: string;
}

/** The state of a dead letter before a claim. */
export type StateBefore = Pick<StoredDeadLetter, "state" | "changedAt">;

/** A dead letter as callers see it in a list. */
export interface DeadLetter
	extends Omit<StoredDeadLetter, "head" | "body" | "replay" | "isSent"> {
	event: EventHead & { tags?: Readonly<Record<string, string>> };
	/** The first 200 characters of the body's JSON; null if the body is gone. */
	preview: string | null;
}

export interface DeadLetterQuery {
	/** Without a state, those that are dead. */
	filter?: Filter | undefined;
	/** Size of the page, 1 to 1 000. Default 100. */
	limit?: number | undefined;
	/** The `cursor` of the page before. */
	cursor?: string | undefined;
}

/** A page of dead letters, the latest failure first. */
export interface DeadLetterPage {
	deadLetters: DeadLetter[];
	/** Where the list goes on. A page may be short, or empty, before the last one. Absent on the last page. */
	cursor?: string;
	/** All that match, on this page and on others. */
	count: number;
	/** The count has reached failures of this time, in epoch milliseconds. Absent if it is complete. */
	countedUntil?: number;
}

/** Dead letters of one handler, cause and reason. Times are in epoch milliseconds. */
export interface DeadLetterGroup {
	handler: string;
	cause: Cause;
	/** The first line of the error, with numbers and ids replaced. */
	reason: string;
	count: number;
	firstFailureAt: number;
	lastFailureAt: number;
	/** The version of the Worker that stored the first of them; empty if it is not known. */
	deploy: string;
}

/** Groups of dead letters, the largest first. */
export interface DeadLetterGroups {
	groups: DeadLetterGroup[];
	/** Dead letters in smaller groups, which are left out. Absent if there are none. */
	uncounted?: number;
}

const PREVIEW = 200;

/** Returns a dead letter without its body and without unknown members. */
export function summaryOf(deadLetter: StoredDeadLetter): DeadLetter {
	const { head, body, replay: _, isSent: __, ...summary } = deadLetter;
	const { tags } = head;
	const event = { ...headOf(head), ...(tags && { tags }) };
	return { ...summary, event, preview: body?.slice(0, PREVIEW) ?? null };
}

const MOST_REASON = 200;

/** The part of an error that errors of one kind share. */
export function reasonOf({ name, message }: Failure): string {
	const [line = ""] = `${name}: ${message}`.split(/[\r\n]/);
	return line
		.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "<id>")
		.replace(/\b(?=[a-z]*\d)[0-9a-z]{12,}\b/gi, "<id>")
		.replace(/\d+(\.\d+)?/g, "<n>")
		.slice(0, MOST_REASON);
}
