/** Erases one person from the rows of one scheduler shard. It must not run SQL. */
import type { Erased, Erasure } from "../event/erasure.ts";
import type { DeliveryKey } from "../event/scheduled-row.ts";
import { deleteAll } from "../payloads/payloads.ts";
import type { Ports } from "../ports.ts";
import type { ErasureTable } from "./erasure-table.ts";

/** When to look for claimed rows again, in milliseconds. A flush that has failed is run again within a minute. */
const CLAIM_WAIT = 61_000;

/**
 * Cancels the next rows of the events to erase, and deletes their bodies that are stored apart. A row that a flush has
 * claimed is reported as an error.
 */
export async function eraseRows(
	erasure: Erasure,
	after: DeliveryKey,
	isDryRun: boolean,
	rows: ErasureTable,
	{ payloads, observe }: Pick<Ports, "payloads" | "observe">,
): Promise<Erased<DeliveryKey>> {
	const { found, claimed, ...rest } = rows.find(erasure, after);
	const keys = found.flatMap(({ reference }) => reference ?? []);
	// The bodies first: without the row, their keys would not be known any more.
	const deleted = isDryRun ? 0 : await deleteAll(keys, payloads);
	const counts = { scheduled: 0, deliveries: 0 };
	const at = Date.now();
	for (const row of found) {
		const { id, handler, name: event } = row;
		if (!isDryRun && !rows.cancel(row, at)) {
			claimed.push(row);
			continue;
		}
		counts[handler === "" ? "scheduled" : "deliveries"]++;
		const ofDelivery = handler !== "" && { handler };
		if (!isDryRun) observe({ type: "cancelled", at, id, event, ...ofDelivery });
	}
	const errors = claimed.map(({ id }) => ({
		id,
		reason:
			"it is on its way to its queue, so it was not cancelled; the job starts over after a minute, until it has left",
	}));
	return {
		counts,
		payloads: deleted,
		...rest,
		...(claimed.length > 0 && { errors, againAt: at + CLAIM_WAIT }),
	};
}
