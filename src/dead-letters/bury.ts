/**
 * Step 7, first half: bury with its cause what ended without success. A letter goes to its queue first, so
 * that burying is one send and an outage of the store holds no delivery up.
 */

import { turnedInto } from "../event/encode.ts";
import type {
	Envelope,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import {
	type ScheduledRow,
	type ScheduledRowStore,
	versionOf,
} from "../event/scheduled-row.ts";
import {
	bodyOf,
	reportDead,
	type Storing,
	sinceFirst,
	storeEndings,
} from "./store.ts";

export interface Burying extends Storing {
	deadLetters: { send(record: string): Promise<void> };
	/** Where a letter waits that neither its queue nor its store takes. */
	scheduler: ScheduledRowStore;
}

/** A letter that nobody takes is sent again after this long, in milliseconds. */
const LETTER_WAIT = 60_000;

/**
 * Sends a letter to its queue; where that does not take it, straight to the store; where that does not
 * either, to the scheduler, lest the handler run again only because its end was not written down.
 */
export async function bury(
	event: ReceivedEvent,
	ending: FinalFailure,
	ports: Burying,
): Promise<void> {
	const record = turnedInto(event.text, { letter: ending });
	const ways = [
		() => ports.deadLetters.send(record),
		() => storeNow(event, ending, ports),
		() =>
			ports.scheduler.store([
				heldLetter(event.envelope, ending, record, ports),
			]),
	];
	await firstThatTakes(ways);
	reportDead(event.envelope, ending, ports);
}

async function storeNow(
	event: ReceivedEvent,
	ending: FinalFailure,
	ports: Burying,
): Promise<void> {
	const text = await bodyOf(event, ports);
	await storeEndings(event.envelope, [ending], text, ports);
}

async function firstThatTakes([
	way,
	...others
]: (() => Promise<void>)[]): Promise<void> {
	try {
		await way?.();
	} catch (error) {
		if (others.length === 0) throw error;
		console.error("tidings: a letter was not taken", error);
		await firstThatTakes(others);
	}
}

/** As a row of its delivery, further on than any attempt. */
function heldLetter(
	envelope: Envelope,
	{ handler, attempts, ...ending }: FinalFailure,
	record: string,
	{ clock }: Burying,
): ScheduledRow {
	const { id, name, reference = null } = envelope;
	const dueAt = clock() + LETTER_WAIT;
	const version = versionOf({ ...ending, attempt: attempts + 1 });
	return { id, handler, name, dueAt, version, reference, record };
}

/** Buries the delivery of an event whose body travelled by reference and is gone. */
export async function buryMissing(
	event: ReceivedEvent,
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
			...sinceFirst(delivery ?? {}, now),
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
	const letter: FinalFailure = {
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
	await storeEndings(head, [letter], JSON.stringify(raw.text), ports);
	reportDead(head, letter, ports);
}
