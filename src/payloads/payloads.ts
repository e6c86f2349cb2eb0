/** Bodies that are too large for a message: loads them into a record, and extends their time. */
import pMap from "p-map";
import { encodeEvent } from "../event/encode.ts";
import {
	type Delivery,
	headOf,
	type ReceivedEvent,
} from "../event/envelope.ts";
import {
	CALL_CONCURRENCY,
	PAYLOAD_RETENTION,
	QUEUE_WAIT,
} from "../event/limits.ts";
import { log } from "../platform/log.ts";
import type { PayloadStore, Ports } from "../ports.ts";

/**
 * Returns the record of an event with its body, which is loaded if it is stored apart. Returns undefined if the body
 * has expired. The record is text, because a handler may change the event, and retries need it as it was published.
 *
 * @throws UnavailableError if the body cannot be read now
 */
export async function loadRecord(
	{ envelope, text }: ReceivedEvent,
	payloads: Pick<PayloadStore, "get">,
): Promise<string | undefined> {
	if (envelope.reference === undefined) return text;
	const body = await payloads.get(envelope.reference);
	return body === null
		? undefined
		: encodeEvent(headOf(envelope), { text: body });
}

/**
 * Extends the time of a body that is stored apart until well after the next attempt.
 *
 * @param wait milliseconds until that attempt
 * @throws UnavailableError if the body could not be extended and the wait is so long that it could expire before
 */
export async function extendBody(
	{ envelope: { id, name, reference } }: ReceivedEvent,
	{ handler }: Pick<Delivery, "handler">,
	wait: number,
	{ payloads, clock }: Pick<Ports, "payloads" | "clock">,
): Promise<void> {
	if (reference === undefined) return;
	try {
		await payloads.extend(reference, clock() + wait + PAYLOAD_RETENTION);
	} catch (error) {
		if (wait > QUEUE_WAIT) throw error;
		const ids = { event: id, name, handler };
		log("body_extension_failed", { ...ids, reference, error });
	}
}

/** Deletes bodies. Returns how many there were. @throws UnavailableError */
export async function deleteAll(
	keys: readonly string[],
	payloads: Pick<PayloadStore, "delete">,
): Promise<number> {
	const deleted = await pMap(new Set(keys), (key) => payloads.delete(key), {
		concurrency: CALL_CONCURRENCY,
	});
	return deleted.filter(Boolean).length;
}
