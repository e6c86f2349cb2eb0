/**
 * Reports the end of a replay to its dead letter, through the dead-letter queue. An outage of the store therefore delays
 * no delivery, and loses no end. It decides nothing.
 */
import { deadLetterId } from "../event/dead-letter.ts";
import { encodeEvent } from "../event/encode.ts";
import {
	type Delivery,
	type EventHead,
	headOf,
	type ReceivedEvent,
	type Resolution,
} from "../event/envelope.ts";
import { versionOf } from "../event/scheduled-row.ts";
import type { Ports } from "../ports.ts";
import { sendOrStore } from "./send-or-store.ts";

type ResolvePorts = Pick<
	Ports,
	"queues" | "deadLetters" | "scheduler" | "clock"
>;

/**
 * Sends the resolution to the dead-letter queue; if that fails, to the store; if that fails too, to the scheduler. Does
 * nothing for a delivery that is not a replay.
 *
 * @throws UnavailableError if none of the three stores it
 */
export async function resolve(
	{ envelope }: ReceivedEvent,
	{ handler, replay, attempt }: Delivery,
	ports: ResolvePorts,
): Promise<void> {
	if (replay === undefined) return;
	const deadLetter = deadLetterId(envelope.id, handler);
	const store = () => ports.deadLetters.resolve(deadLetter, replay);
	await send(envelope, { handler, replay }, attempt, store, ports);
}

/**
 * Marks the dead letter of a cancelled replay as dead. Tries the store, then the dead-letter queue, then the scheduler.
 *
 * @throws UnavailableError if none of the three stores it
 */
export async function releaseCancelled(
	event: EventHead,
	{ handler, replay, attempt }: Delivery & { replay: number },
	ports: ResolvePorts,
): Promise<void> {
	const deadLetter = deadLetterId(event.id, handler);
	const store = () => ports.deadLetters.release(deadLetter, replay);
	const end = { handler, replay, isCancelled: true } as const;
	await store().catch(() => send(event, end, attempt, store, ports));
}

async function send(
	event: EventHead,
	resolved: Resolution,
	attempt: number,
	store: () => Promise<void>,
	ports: ResolvePorts,
): Promise<void> {
	const { id, name } = event;
	const { handler, replay } = resolved;
	const record = encodeEvent(headOf(event), { text: "null" }, { resolved });
	// No attempt follows, so its version is higher than that of any stored row.
	const version = versionOf({ replay, attempt: attempt + 1 });
	const row = { id, handler, name, version, reference: null, record };
	await sendOrStore("resolution", row, store, ports);
}
