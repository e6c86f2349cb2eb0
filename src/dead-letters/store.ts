/**
 * Step 7, second half: store a letter with its whole event. Its message is acked only once it is stored; a
 * message that the platform gave up becomes one letter for each handler it was for.
 */

import { remainingSubscribersId } from "../apps/app-host.ts";
import { parseAppEventName } from "../apps/app-name.ts";
import { deadLetterId, type NewDeadLetter } from "../event/dead-letter.ts";
import type {
	Delivery,
	Envelope,
	EventHead,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import { bodyText, byteLength } from "../event/json.ts";
import { MAX_RETRIES, STORE_BYTES } from "../event/limits.ts";
import type { Observe } from "../event/transition.ts";
import type { HandlerWorkers } from "../handlers/call.ts";
import { allHandlersId } from "../handlers/route.ts";

/** So often a letter's body is read: its message then has come again for 85 minutes. */
const BODY_READS = 11;

export interface Storing {
	/** Stores letters durably, one for each event and handler: a later failure updates it. */
	letters: { store(letters: readonly NewDeadLetter[]): Promise<void> };
	/** Null when a body is gone. */
	payloads: { get(key: string): Promise<string | null> };
	consumers: HandlerWorkers;
	clock(): number;
	observe: Observe;
}

/** When a delivery failed first and last, given that it ends now. */
export function sinceFirst(
	{ firstFailureAt, replay }: Partial<Delivery>,
	now: number,
): Pick<FinalFailure, "firstFailureAt" | "lastFailureAt" | "replay"> {
	return {
		firstFailureAt: firstFailureAt ?? now,
		lastFailureAt: now,
		...(replay !== undefined && { replay }),
	};
}

/**
 * Stores what came through the dead-letter queue: a letter, or a message that the platform gave up. A body
 * that cannot be read for more than an hour is left out, for a letter without its body is better than none.
 */
export async function storeLetters(
	event: ReceivedEvent,
	message: { attempts: number },
	ports: Storing,
): Promise<void> {
	const { envelope } = event;
	const { letter } = envelope;
	const endings = letter ? [letter] : await abandoned(envelope, ports);
	// Not by the message's age: one that the platform gave up may have kept the time of its first send.
	const read = message.attempts < BODY_READS ? bodyOf : bodyIfReadable;
	await storeEndings(envelope, endings, await read(event, ports), ports);
	if (!letter)
		for (const ending of endings) reportDead(envelope, ending, ports);
}

/** A call of the store has a limit of bytes, and each letter of an event has the whole body. */
export async function storeEndings(
	head: EventHead,
	endings: readonly FinalFailure[],
	text: string | null,
	ports: Storing,
): Promise<void> {
	const bytes = 10_000 + (text === null ? 0 : byteLength(text));
	const size = Math.max(1, Math.floor(STORE_BYTES / bytes));
	for (let from = 0; from < endings.length; from += size)
		await ports.letters.store(
			endings
				.slice(from, from + size)
				.map((ending) => letterOf(head, ending, text)),
		);
}

/** The platform tells neither error nor count: what the message carries of them is kept. */
async function abandoned(
	{ name, delivery }: Envelope,
	{ consumers, clock }: Storing,
): Promise<FinalFailure[]> {
	const ids = delivery ? [delivery.handler] : await idsFor(name, consumers);
	const now = clock();
	// Its handlers may be gone, but it had some, or it would have been ignored long before.
	return (ids.length > 0 ? ids : [""]).map((handler) => ({
		handler,
		cause: "abandoned",
		error: delivery?.firstFailure ?? {
			name: "AbandonedError",
			message:
				"the platform gave the message up: the Worker was killed or crashed each time it came",
		},
		attempts: (delivery?.attempt ?? 1) + MAX_RETRIES,
		...sinceFirst(delivery ?? {}, now),
	}));
}

/** The handlers that a name calls; for a Worker that does not answer, and for subscribers, all of them as one. */
async function idsFor(
	name: string,
	{ all }: HandlerWorkers,
): Promise<string[]> {
	if (parseAppEventName(name)) return [remainingSubscribersId(name)];
	const ids = await Promise.all(
		all.map(async (consumer) => {
			const routes = await consumer.routes();
			if (!routes) return [allHandlersId(consumer.key)];
			return routes.matching(name).map(({ id }) => id);
		}),
	);
	return ids.flat();
}

/** The body's JSON text, wherever it is kept; null when it is gone. */
export async function bodyOf(
	{ envelope: { reference }, text }: ReceivedEvent,
	{ payloads }: Storing,
): Promise<string | null> {
	return reference === undefined
		? bodyText((JSON.parse(text) as Envelope).body)
		: payloads.get(reference);
}

async function bodyIfReadable(
	event: ReceivedEvent,
	ports: Storing,
): Promise<string | null> {
	return bodyOf(event, ports).catch((error) => {
		const { reference } = event.envelope;
		console.error(`tidings: the body ${reference} is not read`, error);
		return null;
	});
}

function letterOf(
	head: EventHead,
	ending: FinalFailure,
	body: string | null,
): NewDeadLetter {
	const { body: _, reference, delivery, letter, ...rest } = head as Envelope;
	return {
		id: deadLetterId(head.id, ending.handler),
		head: rest,
		body,
		...ending,
	};
}

export function reportDead(
	{ id, name: event }: { id: string; name: string },
	{ handler, attempts: attempt, cause, error }: FinalFailure,
	{ clock, observe }: Storing,
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
