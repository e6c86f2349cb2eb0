/** Reads dead letters, replays each to the one handler that failed, and discards them. It stores none itself. */
import {
	type DeadLetter,
	type StateBefore,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import { checkBody } from "../event/definition.ts";
import { encodeEvent, eventBytes } from "../event/encode.ts";
import { type EventHead, laneOf } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { bodyText, byteLength } from "../event/json.ts";
import {
	EVENT_BYTES,
	INLINE_BYTES,
	PAYLOAD_RETENTION,
} from "../event/limits.ts";
import { show } from "../event/validation.ts";
import { UNKNOWN_HANDLER_ID } from "../handlers/route.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";

type ReplayPorts = Pick<
	Ports,
	| "queues"
	| "deadLetters"
	| "payloads"
	| "extension"
	| "definitionOf"
	| "clock"
	| "newId"
	| "observe"
>;

/** Returns a dead letter with its whole event, or null if no dead letter has this id. */
export async function readDeadLetter(
	id: string,
	{ deadLetters }: Pick<Ports, "deadLetters">,
): Promise<
	(DeadLetter & { event: { body: unknown; cloudEvent?: object } }) | null
> {
	const stored = await deadLetters.get(id);
	if (!stored) return null;
	const summary = summaryOf(stored);
	const body = stored.body === null ? undefined : JSON.parse(stored.body);
	const { cloudEvent } = stored.head;
	const event = { ...summary.event, ...(cloudEvent && { cloudEvent }), body };
	return { ...summary, event };
}

/** How a dead letter is replayed. */
interface ReplayOptions {
	/** A body to use instead of the stored one. */
	edited?: { body: unknown } | undefined;
	/** Replays one that is replaying or resolved, too. Default false. */
	again?: boolean | undefined;
}

/**
 * Sends the event of a dead letter again to the handler that failed, from attempt 1. The claim comes before the send, so
 * that of several replays at once one is sent. Returns the number of the replay; false if there is no such dead letter.
 *
 * @throws RefusedError if the dead letter has no handler or no body, or the edited body is not acceptable;
 * `already_replayed` unless it is dead
 */
export async function replay(
	id: string,
	{ edited, again = false }: ReplayOptions,
	ports: ReplayPorts,
): Promise<number | false> {
	const stored = await ports.deadLetters.get(id);
	if (!stored) return false;
	if (stored.state !== "dead" && !again) throw alreadyReplayed(id, stored);
	// An unacceptable body must not cost the claim.
	const record = await recordOf(stored, edited, ports);
	const claim = await ports.deadLetters.claim(id, stored.replays, again);
	if (!claim) return false;
	if (claim.type === "refused") throw alreadyReplayed(id, claim);
	// Before the send: the attempt that follows must not seem to be earlier.
	const at = ports.clock();
	await send(id, record, claim, ports);
	// A record of a newer version does not say that it is a replay, so its outcome cannot be reported.
	if (stored.cause === "newer_version")
		await ports.deadLetters.resolve(id, claim.replay);
	const { handler, head } = stored;
	ports.observe({
		type: "replayed",
		at,
		id: head.id,
		event: head.name,
		handler,
	});
	return claim.replay;
}

async function send(
	id: string,
	record: string,
	{ replay, state, changedAt }: StateBefore & { replay: number },
	{ queues, deadLetters }: ReplayPorts,
): Promise<void> {
	const notConfirmed = (error: unknown) =>
		log("replay_not_confirmed", { deadLetter: id, error });
	try {
		await queues.retries(laneOf(record)).send(record);
	} catch (error) {
		const before = { state, changedAt };
		await deadLetters.release(id, replay, before).catch(notConfirmed);
		throw error;
	}
	await deadLetters.confirmSent(id, replay).catch(notConfirmed);
}

function alreadyReplayed(
	id: string,
	{ state, changedAt }: { state: string; changedAt: number },
): RefusedError {
	const since = new Date(changedAt).toISOString();
	return new RefusedError(
		"already_replayed",
		`the dead letter ${show(id)} is not replayed: ${whyNotReplayed(state, since)}`,
	);
}

function whyNotReplayed(state: string, since: string): string {
	switch (state) {
		case "resolved":
			return `its replay was delivered at ${since}; give again: true to run the handler once more`;
		case "replaying":
			return `its replay of ${since} has not ended; wait for it, or give again: true to replay it once more`;
		default:
			return `it is ${state} since ${since}, after another replay; read it again`;
	}
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
	if (handler === UNKNOWN_HANDLER_ID)
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
	if (edited) await checkEditedBody(head, text, ports);
	return encodeEvent(head, await placeBody(stored, text, ports), {
		delivery: { handler, attempt: 1, replay: replays + 1 },
	});
}

/**
 * Checks the JSON text of an edited body. A stored body was accepted when it was published; an edited one must be
 * acceptable, too.
 *
 * @throws RefusedError `schema_violation`, `event_too_large`, or that of the event's app
 */
export async function checkEditedBody(
	head: EventHead,
	text: string,
	{ definitionOf, extension }: Pick<ReplayPorts, "definitionOf" | "extension">,
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

/** Uses a key of this call's own: the event's key, or that of a replay at the same time, may have another body. */
async function placeBody(
	{ id, head }: StoredDeadLetter,
	text: string,
	{ payloads, clock, newId }: ReplayPorts,
) {
	if (byteLength(encodeEvent(head, { text })) <= INLINE_BYTES) return { text };
	const now = clock();
	const reference = `${id}:${newId(now)}`;
	await payloads.put(reference, text, now + PAYLOAD_RETENTION);
	return { reference };
}

/** Discards a dead letter. Returns false if no dead letter has this id. */
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
