/** Erases one person from the rows of dead letters, in SQLite. It discards each row, and removes its content. */
import { reasonOf } from "../event/dead-letter.ts";
import { type EventHead, headOf } from "../event/envelope.ts";
import { type Erasure, isErased, withoutText } from "../event/erasure.ts";
import { INLINE_BYTES } from "../event/limits.ts";

/** Rows that one call reads. */
const SCANNED = 1_000;

/** Bytes of a large event that are not its body, rounded up. */
const HEAD_BYTES = 1_000;

/** A dead letter to erase. */
interface FoundDeadLetter {
	id: string;
	handler: string;
	event: Pick<EventHead, "id" | "name">;
	isDiscarded: boolean;
	/** The body of its event may be stored apart, too. */
	isLarge: boolean;
}

export class ErasureTable {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;

	/** The table `dead_letter` must exist. */
	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
	}

	/** Finds the next ones in any state. `next` is the last row that was read; absent at the end. */
	find(
		erasure: Erasure,
		after: string,
	): { found: FoundDeadLetter[]; next?: string } {
		const rows = this.#sql
			.exec<{
				id: string;
				handler: string;
				state: string;
				head: string;
				bytes: number | null;
			}>(
				`SELECT id, handler, state, iif(json_valid(head), head, '{}') AS head,
					length(CAST(body AS BLOB)) AS bytes
				 FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?`,
				after,
				SCANNED,
			)
			.toArray();
		const found = rows.flatMap(({ id, handler, state, head, bytes }) => {
			const { id: eventId, name, time, tags } = JSON.parse(head);
			if (!isErased(erasure, { time, tags })) return [];
			const event = { id: eventId, name };
			const isDiscarded = state === "discarded";
			const isLarge = bytes === null || bytes > INLINE_BYTES - HEAD_BYTES;
			return { id, handler, event, isDiscarded, isLarge };
		});
		const last = rows.at(-1);
		return rows.length < SCANNED || !last
			? { found }
			: { found, next: last.id };
	}

	/** Removes body, tags, error texts and history, and discards the dead letters. */
	erase(ids: readonly string[], now: number): void {
		this.#storage.transactionSync(() => {
			for (const id of ids) this.#erase(id, now);
		});
	}

	#erase(id: string, now: number): void {
		const [row] = this.#sql
			.exec<{ head: string; name: string | null }>(
				`SELECT head, iif(json_valid(error), json_extract(error, '$.name'), NULL) AS name
				 FROM dead_letter WHERE id = ?`,
				id,
			)
			.toArray();
		if (!row) return;
		const error = withoutText({ name: row.name ?? "Error", message: "" });
		// Its other members may be about a person, also those that are added later.
		const head = JSON.stringify(headOf(JSON.parse(row.head)));
		this.#sql.exec(
			`UPDATE dead_letter SET state = 'discarded', changed_at = ?, is_sent = 1, body = NULL,
				head = ?, error = ?, reason = ?, history = '[]' WHERE id = ?`,
			now,
			head,
			JSON.stringify(error),
			reasonOf(error),
			id,
		);
	}
}
