/**
 * The claim on the rows that a shard is flushing, in SQLite: it selects due rows, and deletes those that were sent. A
 * claim is durable, so that a flush which a crash has interrupted sends the same batch again. Events and deliveries
 * have claims of their own.
 */
import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "../event/limits.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import type { ObjectStorage } from "../platform/activity.ts";
import { messageBytes } from "../platform/send-batch.ts";
import { ROW_KINDS, type RowKind } from "./flush.ts";
import { rowOf, type SqlRow } from "./schedule-row.ts";

export type TableStorage = Pick<ObjectStorage, "sql" | "transactionSync">;

/**
 * A claim settles only rows that still have the due time of the claim; see
 * `docs/explanation/decisions/claim-by-due-time.md`.
 */
type ClaimedKey = [id: string, handler: string, dueAt: number];

export class ClaimTable {
	readonly #storage: TableStorage;
	readonly #sql: TableStorage["sql"];
	/** The due times of the claimed rows by their keys, so that a check whether a row is claimed reads no rows. */
	readonly #claimed: Record<RowKind, Map<string, number>> = {
		events: new Map(),
		deliveries: new Map(),
	};

	/** The table `scheduled` must exist. */
	constructor(storage: TableStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS claim (
				kind TEXT PRIMARY KEY, keys TEXT NOT NULL
			) WITHOUT ROWID;
		`);
		for (const kind of ROW_KINDS)
			for (const row of this.#claimedRows(kind)) this.#add(kind, row);
	}

	/** Returns the due time with which a row is claimed; null if it is not claimed. */
	dueAtOf(id: string, handler: string): number | null {
		const kind = handler === "" ? "events" : "deliveries";
		return this.#claimed[kind].get(keyOf({ id, handler })) ?? null;
	}

	claim(kind: RowKind, now: number): ScheduledRow[] {
		const unsettled =
			this.#claimed[kind].size > 0 ? this.#claimedRows(kind) : [];
		if (unsettled.length > 0) return unsettled;
		// No row is claimed, or all claimed rows were moved since.
		this.#claimed[kind].clear();
		const batch = this.#due(kind, now);
		if (batch.length === 0) return batch;
		const keys = batch.map(({ id, handler, dueAt }) => [id, handler, dueAt]);
		this.#sql.exec(
			`INSERT INTO claim (kind, keys) VALUES (?, ?)
			 ON CONFLICT (kind) DO UPDATE SET keys = excluded.keys`,
			kind,
			JSON.stringify(keys),
		);
		for (const row of batch) this.#add(kind, row);
		return batch;
	}

	/** The row of the claim stays until the next claim overwrites it. Its keys find no rows any more. */
	settle(kind: RowKind, batch: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const { id, handler, dueAt } of batch)
				this.#sql.exec(
					"DELETE FROM scheduled WHERE id = ? AND handler = ? AND due_at = ?",
					id,
					handler,
					dueAt,
				);
		});
		for (const row of batch) this.#claimed[kind].delete(keyOf(row));
	}

	#add(kind: RowKind, row: ScheduledRow): void {
		this.#claimed[kind].set(keyOf(row), row.dueAt);
	}

	/** Finds the earliest due rows of a kind that fit into one `sendBatch`. */
	#due(kind: RowKind, now: number): ScheduledRow[] {
		const batch: ScheduledRow[] = [];
		let bytes = 0;
		const rows = this.#sql.exec<SqlRow>(
			`SELECT * FROM scheduled WHERE (handler = '') = ? AND due_at <= ?
			 ORDER BY due_at LIMIT ?`,
			isEvent(kind),
			now,
			SEND_BATCH_MESSAGES,
		);
		for (const row of rows) {
			bytes += messageBytes(row.record);
			if (batch.length > 0 && bytes > SEND_BATCH_BYTES) break;
			batch.push(rowOf(row));
		}
		return batch;
	}

	/** Finds the rows of the stored claim that were neither settled nor moved since. */
	#claimedRows(kind: RowKind): ScheduledRow[] {
		return this.#sql
			.exec<{ keys: string }>("SELECT keys FROM claim WHERE kind = ?", kind)
			.toArray()
			.flatMap(({ keys }) => JSON.parse(keys) as ClaimedKey[])
			.flatMap((key) =>
				this.#sql
					.exec<SqlRow>(
						"SELECT * FROM scheduled WHERE id = ? AND handler = ? AND due_at = ?",
						...key,
					)
					.toArray(),
			)
			.map(rowOf);
	}
}

/** SQLite's boolean for `handler = ''`. */
export function isEvent(kind: RowKind): number {
	return kind === "events" ? 1 : 0;
}

function keyOf({ id, handler }: Pick<ScheduledRow, "id" | "handler">): string {
	return `${id} ${handler}`;
}
