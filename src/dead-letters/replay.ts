/** After step 7: read dead letters, send them once more to the one handler that failed, or discard them. */

import { checkSentBody } from "../apps/app-host.ts";
import { parseAppEventName } from "../apps/app-name.ts";
import {
	type DeadLetter,
	type DeadLetterPage,
	type DeadLetterQuery,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import { checkBody, type Definition } from "../event/definition.ts";
import { type Body, encodeEvent, eventBytes } from "../event/encode.ts";
import { type EventHead, laneOf } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { EVENT_BYTES, INLINE_BYTES, PAYLOAD_KEPT } from "../event/limits.ts";
import type { Observe } from "../event/transition.ts";
import { type Lanes, retriesQueue } from "../platform/lane.ts";

export interface Letters {
	list(query: DeadLetterQuery): Promise<DeadLetterPage>;
	get(id: string): Promise<StoredDeadLetter | null>;
	/** Marks it as replayed so often, unless that replay has already died. */
	markReplayed(id: string, replay: number): Promise<void>;
	/** False when there is no such letter. */
	discard(id: string): Promise<boolean>;
}

export interface Replaying {
	letters: Letters;
	retries: { send(record: string): Promise<void> };
	lanes: Lanes;
	payloads: { put(key: string, text: string, until: number): Promise<void> };
	definitionOf(name: string): Definition | undefined;
	clock(): number;
	observe: Observe;
}

/** One letter with its whole event, or null. */
export async function readLetter(
	id: string,
	{ letters }: Replaying,
): Promise<DeadLetter | null> {
	const letter = await letters.get(id);
	if (!letter) return null;
	const summary = summaryOf(letter);
	const body = letter.body === null ? undefined : JSON.parse(letter.body);
	return { ...summary, event: { ...summary.event, body } };
}

/**
 * Sends the letter's event once more to the handler that failed, from attempt 1: first the send, then the
 * mark. False when there is no such letter.
 *
 * @param edited a body in place of the letter's
 * @throws RefusedError when the letter has no handler or no body, or the body is not acceptable
 */
export async function replay(
	id: string,
	edited: { body: unknown } | undefined,
	ports: Replaying,
): Promise<boolean> {
	const letter = await ports.letters.get(id);
	if (!letter) return false;
	const record = await recordOf(letter, edited, ports);
	await retriesQueue(laneOf(record), ports).send(record);
	await ports.letters.markReplayed(id, letter.replays + 1);
	const { handler, head } = letter;
	const { id: eventId, name: event } = head;
	const at = ports.clock();
	ports.observe({ type: "replayed", at, id: eventId, event, handler });
	return true;
}

async function recordOf(
	letter: StoredDeadLetter,
	edited: { body: unknown } | undefined,
	ports: Replaying,
): Promise<string> {
	const { head, handler, cause } = letter;
	// The text of a message that an older deploy could not read is the record itself.
	if (cause === "newer_version" && letter.body !== null)
		return JSON.parse(letter.body);
	if (handler === "")
		throw new RefusedError(
			"invalid_request",
			`the dead letter ${letter.id} names no handler to replay it to: publish its event anew and discard the letter`,
		);
	const text = edited ? bodyText(edited.body) : letter.body;
	if (text === null)
		throw new RefusedError(
			"invalid_request",
			`the dead letter ${letter.id} has lost its body: replay it with one`,
		);
	const schema = ports.definitionOf(head.name)?.schema;
	if (edited && schema) await checkBody(head.name, schema, JSON.parse(text));
	// One that nobody has edited was accepted as it is, a webhook's call among them.
	if (edited) checkSize(head, text);
	if (edited && parseAppEventName(head.name)) checkSentBody(edited.body);
	return encodeEvent(head, await placeBody(letter, text, ports), {
		delivery: { handler, attempt: 1, replay: letter.replays + 1 },
	});
}

/** @throws RefusedError `event_too_large` */
function checkSize(head: EventHead, text: string): void {
	const bytes = eventBytes(head, text);
	if (bytes >= EVENT_BYTES)
		throw new RefusedError(
			"event_too_large",
			`the edited event has ${bytes} bytes: an event is less than ${EVENT_BYTES} bytes`,
		);
}

/** Under a key of this replay's own, for the event's may serve other handlers with another body. */
async function placeBody(
	{ id, head, replays }: StoredDeadLetter,
	text: string,
	{ payloads, clock }: Replaying,
): Promise<Body> {
	if (eventBytes(head, text) <= INLINE_BYTES) return { text };
	const reference = `${id}:${replays + 1}`;
	await payloads.put(reference, text, clock() + PAYLOAD_KEPT);
	return { reference };
}

export interface ReplayAll {
	replayed: number;
	/** Letters that could not be replayed, and why. */
	refused: { id: string; reason: string }[];
	/** Whether more match: call again. */
	more: boolean;
	/** Leads to those, past the ones that were refused; absent when no more match. */
	cursor?: string;
}

/** Letters that one call replays at the most. */
const REPLAYS = 500;

/** Replays all dead letters that match, at most 500 a call. */
export async function replayAll(
	query: Omit<DeadLetterQuery, "limit" | "status">,
	ports: Replaying,
): Promise<ReplayAll> {
	const page = await ports.letters.list({
		...query,
		status: "dead",
		limit: REPLAYS,
	});
	const refused: ReplayAll["refused"] = [];
	let replayed = 0;
	for (const { id } of page.deadLetters) {
		try {
			if (await replay(id, undefined, ports)) replayed++;
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			refused.push({ id, reason: error.message });
		}
	}
	const { cursor } = page;
	return {
		replayed,
		refused,
		more: cursor !== undefined,
		...(cursor !== undefined && { cursor }),
	};
}

/** Gives a letter up. False when there is no such letter. */
export async function discard(
	id: string,
	{ letters, clock, observe }: Replaying,
): Promise<boolean> {
	const letter = await letters.get(id);
	if (!letter || !(await letters.discard(id))) return false;
	const { id: eventId, name: event } = letter.head;
	const { handler } = letter;
	observe({ type: "discarded", at: clock(), id: eventId, event, handler });
	return true;
}
