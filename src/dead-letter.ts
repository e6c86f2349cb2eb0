/**
 * Step 7: bury with its cause what ended without success, and list, replay or discard it. A letter is
 * sent to its queue first and acked there only once it is stored.
 */
import {
	type Ending,
	type Envelope,
	type Readable,
	turnedInto,
} from "./contract/envelope.ts";
import type { Handlers } from "./contract/handler.ts";
import { bodyText } from "./contract/json.ts";
import { type Letter, letterId } from "./contract/letter.ts";
import { CHAIN_TRIES } from "./contract/limits.ts";
import type { Observe } from "./contract/transition.ts";

export interface Burying {
	deadLetters: { send(record: string): Promise<void> };
	/** Stores letters durably, one for each event and handler: a later failure updates it. */
	letters: { store(letters: readonly Letter[]): Promise<void> };
	payloads: {
		put(key: string, text: string, until: number): Promise<void>;
		/** Null when it is gone. */
		get(key: string): Promise<string | null>;
	};
	handlers: Handlers;
	clock(): number;
	observe: Observe;
}

/** Sends a letter to its queue; where that does not take it, straight to the store. */
export async function bury(
	event: Readable,
	ending: Ending,
	ports: Burying,
): Promise<void> {
	const record = turnedInto(event.text, { letter: ending });
	try {
		await ports.deadLetters.send(record);
	} catch (error) {
		console.error("tidings: the dead-letter queue took no letter", error);
		const text = await bodyOf(JSON.parse(record), ports);
		await ports.letters.store([letterOf(event.envelope, ending, text)]);
	}
	reportDead(event.envelope, ending, ports);
}

/** Buries the delivery of an event whose body travelled by reference and is gone. */
export async function buryMissing(
	event: Readable,
	handler: string,
	ports: Burying,
): Promise<void> {
	const { delivery, reference } = event.envelope;
	const now = ports.clock();
	const error = {
		name: "PayloadMissingError",
		message: `the body, kept under ${reference}, is gone`,
	};
	await bury(
		event,
		{
			handler,
			cause: "payload_missing",
			error,
			attempts: (delivery?.attempt ?? 1) - 1,
			firstFailureAt: delivery?.firstFailureAt ?? now,
			lastFailureAt: now,
		},
		ports,
	);
}

/** Buries a message that is no envelope which this deploy can read, with its text as the body. */
export async function buryRaw(
	raw:
		| { kind: "newer"; version: number; text: string }
		| { kind: "unreadable"; reason: string; text: string },
	message: { id: string; timestamp: Date; attempts: number },
	ports: Burying,
): Promise<void> {
	const time = message.timestamp.getTime();
	const head = { id: `message-${message.id}`, name: "", time, delay: 0 };
	const now = ports.clock();
	const newer = raw.kind === "newer";
	const letter: Ending = {
		handler: "",
		cause: newer ? "newer_version" : "unreadable",
		error: {
			name: "UnreadableError",
			message: newer
				? `the message's version ${raw.version} is newer than this deploy`
				: `the message is no envelope: ${raw.reason}`,
		},
		attempts: message.attempts,
		firstFailureAt: time,
		lastFailureAt: now,
	};
	await ports.letters.store([letterOf(head, letter, JSON.stringify(raw.text))]);
	reportDead(head, letter, ports);
}

/** Stores what came through the dead-letter queue: a letter, or a message that the platform gave up. */
export async function storeLetters(
	{ envelope }: Readable,
	ports: Burying,
): Promise<void> {
	const text = await bodyOf(envelope, ports);
	const { letter } = envelope;
	const endings = letter ? [letter] : abandoned(envelope, ports);
	if (endings.length === 0) return;
	await ports.letters.store(
		endings.map((ending) => letterOf(envelope, ending, text)),
	);
	if (!letter)
		for (const ending of endings) reportDead(envelope, ending, ports);
}

/** The platform tells neither error nor count: what the message carries of them is kept. */
function abandoned(
	{ name, delivery }: Envelope,
	{ handlers, clock }: Burying,
): Ending[] {
	const now = clock();
	const ids = delivery
		? [delivery.handler]
		: handlers.matching(name).map(({ id }) => id);
	return ids.map((handler) => ({
		handler,
		cause: "abandoned",
		error: delivery?.firstFailure ?? {
			name: "AbandonedError",
			message:
				"the platform gave the message up: the Worker was killed or crashed each time it came",
		},
		attempts: (delivery?.attempt ?? 1) + CHAIN_TRIES,
		firstFailureAt: delivery?.firstFailureAt ?? now,
		lastFailureAt: now,
	}));
}

async function bodyOf(
	{ body, reference }: Envelope,
	{ payloads }: Burying,
): Promise<string | null> {
	return reference === undefined ? bodyText(body) : payloads.get(reference);
}

function letterOf(
	head: Letter["head"],
	ending: Ending,
	body: string | null,
): Letter {
	const { body: _, reference, delivery, letter, ...rest } = head as Envelope;
	return { id: letterId(head.id, ending.handler), head: rest, body, ...ending };
}

function reportDead(
	{ id, name: event }: { id: string; name: string },
	{ handler, attempts: attempt, cause, error }: Ending,
	{ clock, observe }: Burying,
): void {
	observe({
		type: "dead",
		at: clock(),
		id,
		event,
		handler,
		attempt,
		cause,
		error,
	});
}
