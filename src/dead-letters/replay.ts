/** Reads dead letters, replays each to the one handler that failed, and discards them. It stores none itself. */
import {
	type DeadLetter,
	type DeadLetterQuery,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import { checkBody } from "../event/definition.ts";
import { encodeEvent, eventBytes } from "../event/encode.ts";
import { type EventHead, laneOf } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import {
	EVENT_BYTES,
	INLINE_BYTES,
	PAYLOAD_RETENTION,
} from "../event/limits.ts";
import type { Ports } from "../ports.ts";

type ReplayPorts = Pick<
	Ports,
	| ("queues" | "deadLetters" | "payloads" | "extension")
	| ("definitionOf" | "clock" | "observe")
>;

/** Returns a dead letter with its whole event, or null if there is none. */
export async function readDeadLetter(
	id: string,
	{ deadLetters }: Pick<Ports, "deadLetters">,
): Promise<(DeadLetter & { event: { body: unknown } }) | null> {
	const stored = await deadLetters.get(id);
	if (!stored) return null;
	const summary = summaryOf(stored);
	const body = stored.body === null ? undefined : JSON.parse(stored.body);
	return { ...summary, event: { ...summary.event, body } };
}

/**
 * Sends the event of a dead letter again to the handler that failed, from attempt 1. The send comes before the mark: a
 * crash between the two can cause a second replay, never a lost one. Returns false if there is no such dead letter.
 *
 * @param edited a body to use instead of the stored one
 * @throws RefusedError if the dead letter has no handler or no body, or the edited body is not acceptable
 */
export async function replay(
	id: string,
	edited: { body: unknown } | undefined,
	ports: ReplayPorts,
): Promise<boolean> {
	const stored = await ports.deadLetters.get(id);
	if (!stored) return false;
	const record = await recordOf(stored, edited, ports);
	await ports.queues.retries(laneOf(record)).send(record);
	await ports.deadLetters.markReplayed(id, stored.replays + 1);
	const { handler, head } = stored;
	const at = ports.clock();
	ports.observe({
		type: "replayed",
		at,
		id: head.id,
		event: head.name,
		handler,
	});
	return true;
}

async function recordOf(
	stored: StoredDeadLetter,
	edited: { body: unknown } | undefined,
	ports: ReplayPorts,
): Promise<string> {
	const { id, head, handler, cause, replays } = stored;
	// The body of a message that an older deploy could not read is the record itself.
	if (cause === "newer_version" && stored.body !== null) {
		if (!edited) return JSON.parse(stored.body);
		throw new RefusedError(
			"invalid_request",
			`the dead letter ${id} was written by a newer version, so its body cannot be edited here; replay it without a body`,
		);
	}
	if (handler === "")
		throw new RefusedError(
			"invalid_request",
			`the dead letter ${id} has no handler to replay it to; publish its event again and discard the dead letter`,
		);
	const text = edited ? bodyText(edited.body) : stored.body;
	if (text === null)
		throw new RefusedError(
			"invalid_request",
			`the body of the dead letter ${id} has expired; replay it with a body`,
		);
	if (edited) await checkEdited(head, text, ports);
	return encodeEvent(head, await placeBody(stored, text, ports), {
		delivery: { handler, attempt: 1, replay: replays + 1 },
	});
}

/** A stored body was accepted when it was published. An edited one must be acceptable, too. */
async function checkEdited(
	head: EventHead,
	text: string,
	{ definitionOf, extension }: ReplayPorts,
): Promise<void> {
	const body = JSON.parse(text);
	const schema = definitionOf(head.name)?.schema;
	if (schema) await checkBody(head.name, schema, body);
	const bytes = eventBytes(head, text);
	if (bytes >= EVENT_BYTES)
		throw new RefusedError(
			"event_too_large",
			`the edited event has ${bytes} bytes; an event must have fewer than ${EVENT_BYTES} bytes`,
		);
	await extension.checkReplay(head.name, body);
}

/** Uses a key of this replay's own: the event's key may serve other handlers with another body. */
async function placeBody(
	{ id, head, replays }: StoredDeadLetter,
	text: string,
	{ payloads, clock }: ReplayPorts,
) {
	if (eventBytes(head, text) <= INLINE_BYTES) return { text };
	const reference = `${id}:${replays + 1}`;
	await payloads.put(reference, text, clock() + PAYLOAD_RETENTION);
	return { reference };
}

/** The result of one call that replays many. */
interface ReplayAllResult {
	replayed: number;
	/** Dead letters that could not be replayed, and why. */
	refused: { id: string; reason: string }[];
	/** Whether more match; call again. */
	more: boolean;
	/** Leads to the next ones; absent if no more match. */
	cursor?: string;
}

/** One call replays at most this many. */
const REPLAYS = 500;

/** Replays all dead letters that match, at most 500 in one call. */
export async function replayAll(
	query: Omit<DeadLetterQuery, "limit" | "status">,
	ports: ReplayPorts,
): Promise<ReplayAllResult> {
	const { deadLetters, cursor } = await ports.deadLetters.list({
		...query,
		...{ status: "dead", limit: REPLAYS },
	});
	const refused: ReplayAllResult["refused"] = [];
	let replayed = 0;
	for (const { id } of deadLetters) {
		try {
			if (await replay(id, undefined, ports)) replayed++;
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			refused.push({ id, reason: error.message });
		}
	}
	const more = cursor !== undefined;
	return { replayed, refused, more, ...(more && { cursor }) };
}

/** Discards a dead letter. Returns false if there is none. */
export async function discard(
	id: string,
	{
		deadLetters,
		clock,
		observe,
	}: Pick<Ports, "deadLetters" | "clock" | "observe">,
): Promise<boolean> {
	const stored = await deadLetters.get(id);
	if (!stored || !(await deadLetters.discard(id))) return false;
	const { handler, head } = stored;
	const at = clock();
	observe({ type: "discarded", at, id: head.id, event: head.name, handler });
	return true;
}
