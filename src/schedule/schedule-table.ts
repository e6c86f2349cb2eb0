/**
 * The rows of one scheduler shard in SQLite, and the claim on the batch that is being flushed. Each method is one
 * synchronous step, so no other call can run between its reads and its writes.
 */

import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "../event/limits.ts";
import { mayPublish, type PublishPermission } from "../event/permission.ts";
import type {
	ListedEvent,
	MoveResult,
	ScheduledEvent,
	ScheduledRow,
} from "../event/scheduled-row.ts";
import { messageBytes } from "../platform/send-batch.ts";
import { ROW_KINDS, type RowKind } from "./flush.ts";
import { withDueTime } from "./schedule.ts";

/** A row as SQLite returns it. */
type SqlRow = Omit<ScheduledRow, "dueAt"> & { due_at: number } & Record<
		string,
		SqlStorageValue
	>;

/** A claim settles only rows that still have the due time of the claim; see `docs/explanation/decisions/claim-by-due-time.md`. */
type ClaimedKey = [id: string, handler: string, dueAt: number];

export class ScheduleTable {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;
	/** The keys of the claimed rows, so that a check whether a row is claimed reads no rows. */
	readonly #claimed: Record<RowKind, Set<string>> = {
		events: new Set(),
		deliveries: new Set(),
	};

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS scheduled (
				id TEXT NOT NULL, handler TEXT NOT NULL, name TEXT NOT NULL,
				due_at INTEGER NOT NULL, version INTEGER NOT NULL,
				reference TEXT, record TEXT NOT NULL,
				PRIMARY KEY (id, handler)
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS scheduled_due ON scheduled ((handler = ''), due_at);
			CREATE TABLE IF NOT EXISTS claim (
				kind TEXT PRIMARY KEY, keys TEXT NOT NULL
			) WITHOUT ROWID;
		`);
		for (const kind of ROW_KINDS)
			this.#claimed[kind] = new Set(this.#claimedRows(kind).map(keyOf));
	}

	store(rows: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const row of rows) this.#upsert(row);
		});
	}

	/**
	 * Stores an event once. Replaces a delivery with a later version, or with the same version while its row is
	 * claimed. The new due time is always later than the old one, so that settling the claim leaves the new row.
	 */
	#upsert(row: ScheduledRow): void {
		const { id, handler, name, dueAt, version, reference, record } = row;
		const isClaimed = this.#isClaimed(id, handler) ? 1 : 0;
		this.#sql.exec(
			`INSERT INTO scheduled (id, handler, name, due_at, version, reference, record)
			 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
			 ON CONFLICT (id, handler) DO UPDATE SET
				due_at = max(excluded.due_at, scheduled.due_at + 1), version = excluded.version,
				reference = excluded.reference, record = excluded.record
			 WHERE excluded.handler <> '' AND (excluded.version > scheduled.version
				OR (?8 = 1 AND excluded.version = scheduled.version))`,
			...[id, handler, name, dueAt, version, reference, record, isClaimed],
		);
	}

	find(id: string, permission: PublishPermission): MoveResult {
		const row = this.#movable(id, permission);
		return typeof row === "string" ? row : eventOf(row);
	}

	cancel(id: string, permission: PublishPermission): MoveResult {
		const found = this.find(id, permission);
		if (typeof found === "object")
			this.#sql.exec("DELETE FROM scheduled WHERE id = ? AND handler = ''", id);
		return found;
	}

	reschedule(
		id: string,
		dueAt: number,
		permission: PublishPermission,
	): MoveResult {
		const row = this.#movable(id, permission);
		if (typeof row === "string") return row;
		const record = withDueTime(row.record, dueAt);
		this.#sql.exec(
			"UPDATE scheduled SET due_at = ?, record = ? WHERE id = ? AND handler = ''",
			...[dueAt, record, id],
		);
		return eventOf({ ...row, due_at: dueAt, record });
	}

	/** Lists unclaimed events after a place in the order of due time and id. */
	list([dueAt, id]: [number, string], limit: number): ListedEvent[] {
		// Without the records: a thousand of them may be a hundred megabytes.
		const rows = this.#sql
			.exec<{ id: string; name: string; due_at: number; time: number }>(
				`SELECT id, name, due_at, json_extract(record, '$.time') AS time
				 FROM scheduled WHERE (handler = '') = 1 AND (due_at, id) > (?, ?)
				 ORDER BY due_at, id LIMIT ?`,
				...[dueAt, id, limit + this.#claimed.events.size],
			)
			.toArray();
		return rows
			.filter((row) => !this.#isClaimed(row.id, ""))
			.slice(0, limit)
			.map(({ due_at: dueAt, time, ...event }) => ({
				...event,
				time,
				delay: dueAt - time,
				dueAt,
			}));
	}

	nextDueAt(kind: RowKind): number | null {
		return this.#sql
			.exec<{ due_at: number | null }>(
				"SELECT min(due_at) AS due_at FROM scheduled WHERE (handler = '') = ?",
				isEvent(kind),
			)
			.one().due_at;
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
			...[kind, JSON.stringify(keys)],
		);
		for (const row of batch) this.#claimed[kind].add(keyOf(row));
		return batch;
	}

	/** The row of the claim stays until the next claim overwrites it. Its keys find no rows any more. */
	settle(kind: RowKind, batch: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const { id, handler, dueAt } of batch)
				this.#sql.exec(
					"DELETE FROM scheduled WHERE id = ? AND handler = ? AND due_at = ?",
					...[id, handler, dueAt],
				);
		});
		this.#claimed[kind].clear();
	}

	/** Finds the earliest due rows of a kind that fit into one `sendBatch`. */
	#due(kind: RowKind, now: number): ScheduledRow[] {
		const batch: ScheduledRow[] = [];
		let bytes = 0;
		const rows = this.#sql.exec<SqlRow>(
			`SELECT * FROM scheduled WHERE (handler = '') = ? AND due_at <= ?
			 ORDER BY due_at LIMIT ?`,
			...[isEvent(kind), now, SEND_BATCH_MESSAGES],
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
				this.#rows(
					"SELECT * FROM scheduled WHERE id = ? AND handler = ? AND due_at = ?",
					...key,
				),
			)
			.map(rowOf);
	}

	#isClaimed(id: string, handler: string): boolean {
		const kind = handler === "" ? "events" : "deliveries";
		return this.#claimed[kind].has(keyOf({ id, handler }));
	}

	/** Finds an event that can still be cancelled by a requester who may publish it. */
	#movable(
		id: string,
		permission: PublishPermission,
	): SqlRow | "gone" | "forbidden" {
		if (this.#isClaimed(id, "")) return "gone";
		const query = "SELECT * FROM scheduled WHERE id = ? AND handler = ''";
		const [row] = this.#rows(query, id);
		if (!row) return "gone";
		return mayPublish(permission, row.name) ? row : "forbidden";
	}

	#rows(query: string, ...bound: SqlStorageValue[]): SqlRow[] {
		return this.#sql.exec<SqlRow>(query, ...bound).toArray();
	}
}

/** SQLite's boolean for `handler = ''`. */
function isEvent(kind: RowKind): number {
	return kind === "events" ? 1 : 0;
}

function keyOf({ id, handler }: Pick<ScheduledRow, "id" | "handler">): string {
	return `${id} ${handler}`;
}

function rowOf({ due_at: dueAt, ...row }: SqlRow): ScheduledRow {
	const { id, handler, name, version, reference, record } = row;
	return { id, handler, name, dueAt, version, reference, record };
}

function eventOf(row: SqlRow): ScheduledEvent {
	const { id, name, due_at: dueAt, reference, record } = row;
	const { time, delay } = JSON.parse(record);
	return { id, name, time, delay, dueAt, reference };
}
