/**
 * Reports the success of a replay to its dead letter, through the dead-letter queue. An outage of the store therefore
 * delays no delivery, and loses no resolution. It decides nothing.
 */
import { deadLetterId } from "../event/dead-letter.ts";
import { encodeEvent } from "../event/encode.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
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
	const { id, name, time, delay } = envelope;
	const head = { id, name, time, delay };
	const resolved = { handler, replay };
	const record = encodeEvent(head, { text: "null" }, { resolved });
	// No attempt follows, so its version is higher than that of any stored row.
	const version = versionOf({ replay, attempt: attempt + 1 });
	const row = { id, handler, name, version, reference: null, record };
	const letter = deadLetterId(id, handler);
	const store = () => ports.deadLetters.resolve(letter, replay);
	await sendOrStore("resolution", row, store, ports);
}
