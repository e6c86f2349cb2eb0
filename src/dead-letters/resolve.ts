/**
 * Reports the success of a replay to its dead letter, through the dead-letter queue. An outage of the store therefore
 * delays no delivery, and loses no resolution. It decides nothing.
 */
import { deadLetterId } from "../event/dead-letter.ts";
import { encodeEvent } from "../event/encode.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import { versionOf } from "../event/scheduled-row.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";

type ResolvePorts = Pick<
	Ports,
	"queues" | "deadLetters" | "scheduler" | "clock"
>;

/** A resolution that was stored nowhere else is sent again after this long, in milliseconds. */
const RESOLUTION_WAIT = 60_000;

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
	const ids = { event: id, name, handler };
	try {
		await ports.queues.deadLetters.send(record);
	} catch (error) {
		log("resolution_enqueue_failed", { ...ids, error });
		const letter = deadLetterId(id, handler);
		await ports.deadLetters.resolve(letter, replay).catch(async (error) => {
			log("resolution_store_failed", { ...ids, error });
			const dueAt = ports.clock() + RESOLUTION_WAIT;
			// No attempt follows, so its version is higher than that of any stored row.
			const version = versionOf({ replay, attempt: attempt + 1 });
			const row = {
				id,
				handler,
				name,
				dueAt,
				version,
				reference: null,
				record,
			};
			await ports.scheduler.store([row]);
		});
	}
}
