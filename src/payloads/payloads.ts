/** The body of an event on its way: in its record, or by reference in the Payloads object. */

import { encodeEvent } from "../event/encode.ts";
import { headOf, type ReceivedEvent } from "../event/envelope.ts";
import { PAYLOAD_KEPT, QUEUE_WAIT } from "../event/limits.ts";

export interface Keeping {
	payloads: { keep(key: string, until: number): Promise<void> };
	clock(): number;
}

/**
 * The event's record with its body in it, as text: a handler may change what is parsed from it, and the event
 * still travels on or is buried as it was published. Undefined when the body is gone.
 */
export async function loadRecord(
	{ envelope, text }: ReceivedEvent,
	{ payloads }: { payloads: { get(key: string): Promise<string | null> } },
): Promise<string | undefined> {
	if (envelope.reference === undefined) return text;
	const kept = await payloads.get(envelope.reference);
	return kept === null
		? undefined
		: encodeEvent(headOf(envelope), { text: kept });
}

/**
 * A body that travels by reference is kept until well after the next attempt.
 *
 * @throws whatever the keeper throws, when the wait is so long that the body could be gone after it
 */
export async function extendBody(
	{ envelope: { reference } }: ReceivedEvent,
	wait: number,
	{ payloads, clock }: Keeping,
): Promise<void> {
	if (reference === undefined) return;
	try {
		await payloads.keep(reference, clock() + wait + PAYLOAD_KEPT);
	} catch (error) {
		if (wait > QUEUE_WAIT) throw error;
		console.error(`tidings: the body ${reference} was not kept longer`, error);
	}
}
