/** Stores dead letters, each with its whole event. It decides nothing, and acknowledges nothing. */
import { deadLetterId, type NewDeadLetter } from "../event/dead-letter.ts";
import type {
	Envelope,
	EventHead,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import { bodyText, byteLength } from "../event/json.ts";
import { STORE_BYTES } from "../event/limits.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";

/** An envelope, or the head of an event whose envelope cannot be read. */
type StoredHead = EventHead & Partial<Envelope>;

type StorePorts = Pick<Ports, "deadLetters" | "payloads">;

/** A body is read this often, over 85 minutes. Then the dead letter is stored without it. */
const BODY_READS = 11;

/**
 * Stores the failures of an event. A body that cannot be read for more than an hour is left out: a dead letter without
 * its body is better than none.
 *
 * @param reads how often the message was delivered. Not its age: a message that the platform gave up on may keep the
 * time of its first send
 * @throws UnavailableError
 */
export async function storeDeadLetters(
	event: ReceivedEvent,
	failures: readonly FinalFailure[],
	reads: number,
	ports: StorePorts,
): Promise<void> {
	const body = await bodyOf(event, ports).catch((error) => {
		if (reads < BODY_READS) throw error;
		const { id, name, reference } = event.envelope;
		log("dead_letter_body_unreadable", { event: id, name, reference, error });
		return null;
	});
	await storeFailures(event.envelope, failures, body, ports);
}

/** One call has a limit of bytes, and each dead letter of an event has the whole body. */
export async function storeFailures(
	event: StoredHead,
	failures: readonly FinalFailure[],
	body: string | null,
	{ deadLetters }: StorePorts,
): Promise<void> {
	const bytes = OVERHEAD_BYTES + (body === null ? 0 : byteLength(body));
	const size = Math.max(1, Math.floor(STORE_BYTES / bytes));
	for (let from = 0; from < failures.length; from += size) {
		const chunk = failures.slice(from, from + size);
		await deadLetters.store(
			chunk.map((failure) => deadLetterOf(event, failure, body)),
		);
	}
}

/** Bytes of a dead letter without its body: an error has at most 8 192. */
const OVERHEAD_BYTES = 10_000;

/** The body's JSON text, wherever it is stored; null if it has expired. */
export async function bodyOf(
	{ envelope: { reference }, text }: ReceivedEvent,
	{ payloads }: StorePorts,
): Promise<string | null> {
	return reference === undefined
		? bodyText((JSON.parse(text) as Envelope).body)
		: payloads.get(reference);
}

function deadLetterOf(
	event: StoredHead,
	failure: FinalFailure,
	body: string | null,
): NewDeadLetter {
	const { body: _, reference, delivery, deadLetter, ...head } = event;
	const id = deadLetterId(event.id, failure.handler);
	return { id, head, body, ...failure };
}
