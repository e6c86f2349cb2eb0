/** Erases one person from dead letters. It must not run SQL. */
import type { Erased, Erasure } from "../event/erasure.ts";
import { deleteAll } from "../payloads/payloads.ts";
import type { Ports } from "../ports.ts";
import type { ErasureTable } from "./erasure-table.ts";

/** Erases and discards the next dead letters. Also erases what is left of discarded dead letters. */
export async function eraseDeadLetters(
	erasure: Erasure,
	after = "",
	isDryRun: boolean,
	table: ErasureTable,
	{ payloads, observe }: Pick<Ports, "payloads" | "observe">,
): Promise<Erased<string>> {
	const { found, ...rest } = table.find(erasure, after);
	const counts = { deadLetters: found.length };
	if (isDryRun) return { counts, payloads: 0, ...rest };
	const large = found.filter(({ isLarge }) => isLarge);
	const keys = large.map(({ event }) => event.id);
	// The bodies first: without the row, their keys would not be known any more.
	const deleted = await deleteAll(keys, payloads);
	const at = Date.now();
	table.erase(
		found.map(({ id }) => id),
		at,
	);
	for (const { handler, event, isDiscarded } of found)
		if (!isDiscarded)
			observe({
				type: "discarded",
				at,
				id: event.id,
				event: event.name,
				handler,
			});
	return { counts, payloads: deleted, ...rest };
}
