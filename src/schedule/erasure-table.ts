/**
 * Erases one person from the rows of one scheduler shard, in SQLite: whole events and deliveries with a tag are
 * cancelled. It must not change a claimed row, which is on its way to a queue.
 */
import { type Erasure, isErased } from "../event/erasure.ts";
import { timeOf } from "../event/id.ts";
import type { DeliveryKey, ScheduledRow } from "../event/scheduled-row.ts";
import type { ClaimTable } from "./claim-table.ts";
import { CANCEL_RETENTION } from "./delivery-table.ts";

/** Rows that one call reads, with their records. */
const SCANNED = 1_000;

type FoundRow = Pick<ScheduledRow, "id" | "handler" | "name" | "reference">;

export class ErasureTable {
	readonly #sql: Pick<SqlStorage, "exec">;
	readonly #claims: Pick<ClaimTable, "dueAtOf">;

	/** The table `scheduled` must exist. */
	constructor(
		sql: Pick<SqlStorage, "exec">,
		claims: Pick<ClaimTable, "dueAtOf">,
	) {
		this.#sql = sql;
		this.#claims = claims;
	}

	/**
	 * Finds the next rows of the events to erase. `claimed` are those that a flush sends, or has failed to send. `next` is
	 * the last row that was read; absent at the end.
	 */
	find(
		erasure: Erasure,
		{ id, handler }: DeliveryKey,
	): { found: FoundRow[]; claimed: FoundRow[]; next?: DeliveryKey } {
		const rows = this.#sql
			.exec<FoundRow & { tag: string | null; time: number | null }>(
				`SELECT id, handler, name, reference,
					iif(json_valid(record), json_extract(record, ?), NULL) AS tag,
					iif(json_valid(record), json_extract(record, '$.time'), NULL) AS time
				 FROM scheduled WHERE (id, handler) > (?, ?) ORDER BY id, handler LIMIT ?`,
				`$.tags."${erasure.key}"`,
				id,
				handler,
				SCANNED,
			)
			.toArray();
		const found: FoundRow[] = [];
		const claimed: FoundRow[] = [];
		for (const row of rows) {
			if (!isMatch(erasure, row)) continue;
			const { id, handler, name, reference } = row;
			const isClaimed = this.#claims.dueAtOf(id, handler) !== null;
			(isClaimed ? claimed : found).push({ id, handler, name, reference });
		}
		const last = rows.at(-1);
		return rows.length < SCANNED || !last
			? { found, claimed }
			: { found, claimed, next: { id: last.id, handler: last.handler } };
	}

	/** Cancels a row. Returns false if it was claimed or sent meanwhile. */
	cancel({ id, handler }: DeliveryKey, now: number): boolean {
		if (this.#claims.dueAtOf(id, handler) !== null) return false;
		const { rowsWritten } =
			handler === ""
				? this.#sql.exec(
						"DELETE FROM scheduled WHERE id = ? AND handler = ''",
						id,
					)
				: this.#sql.exec(
						`UPDATE scheduled SET due_at = ?, reference = NULL, waiting = NULL, record = ''
						 WHERE id = ? AND handler = ?`,
						now + CANCEL_RETENTION,
						id,
						handler,
					);
		return rowsWritten > 0;
	}
}

function isMatch(
	erasure: Erasure,
	{ id, tag, time }: { id: string; tag: string | null; time: number | null },
): boolean {
	// A record without a time is of an event whose id has it.
	const published = time ?? timeOf(id);
	return (
		tag !== null &&
		published !== undefined &&
		isErased(erasure, { tags: { [erasure.key]: tag }, time: published })
	);
}
