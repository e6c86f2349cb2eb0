/** Sends a record to the dead-letter queue, or stores it if the queue fails. It must not read the record. */
import type { ScheduledRow } from "../event/scheduled-row.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";

/** A record that only the scheduler stored is sent again after this long, in milliseconds. */
const SEND_AGAIN_AFTER = 60_000;

/**
 * Sends the record to the dead-letter queue; if that fails, calls `store`; if that fails too, stores the row in the
 * scheduler.
 *
 * @param row with the record. No attempt follows it, so its version must be higher than that of any stored row
 * @throws UnavailableError if none of the three stores it
 */
export async function sendOrStore(
	kind: "dead_letter" | "resolution",
	row: Omit<ScheduledRow, "dueAt">,
	store: () => Promise<unknown>,
	{ queues, scheduler, clock }: Pick<Ports, "queues" | "scheduler" | "clock">,
): Promise<void> {
	const { id: event, name, handler, record } = row;
	const ids = { event, name, handler };
	try {
		await queues.deadLetters.send(record);
	} catch (error) {
		log(`${kind}_enqueue_failed`, { ...ids, error });
		await store().catch(async (error) => {
			log(`${kind}_store_failed`, { ...ids, error });
			await scheduler.store([{ ...row, dueAt: clock() + SEND_AGAIN_AFTER }]);
		});
	}
}
