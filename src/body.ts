/** The body of an event on its way: in its record, or by reference in the Payloads object. */
import type { Readable } from "./contract/envelope.ts";
import { PAYLOAD_KEPT, QUEUE_WAIT } from "./contract/limits.ts";

export interface Keeping {
	payloads: { keep(key: string, until: number): Promise<void> };
	clock(): number;
}

/**
 * Gives out copies of the body, never the envelope's own: a handler may change what it is given, and the
 * event still has to travel on or be buried as it was published. Undefined when the body is gone.
 */
export async function readBody(
	{ envelope, text }: Readable,
	{ payloads }: { payloads: { get(key: string): Promise<string | null> } },
): Promise<(() => unknown) | undefined> {
	if (envelope.reference !== undefined) {
		const kept = await payloads.get(envelope.reference);
		return kept === null ? undefined : () => JSON.parse(kept);
	}
	return () => JSON.parse(text).body;
}

/**
 * A body that travels by reference is kept until well after the next attempt.
 *
 * @throws whatever the keeper throws, when the wait is so long that the body could be gone after it
 */
export async function keepBody(
	{ envelope: { reference } }: Readable,
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
