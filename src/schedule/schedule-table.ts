/**
 * The rows of one scheduler shard in SQLite, and the claim on the batch that is being handed over. Every
 * method is one synchronous step, so nothing can come between what it reads and what it writes.
 */

import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "../event/limits.ts";
import { mayPublish, type PublishPermission } from "../event/permission.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import { messageBytes } from "../platform/send-batch.ts";
import {
	type ListedEvent,
	type MoveResult,
	movedTo,
	ROW_KINDS,
	type RowKind,
	type ScheduledEvent,
	type ScheduleRows,
} from "./schedule.ts";

/** A row as SQLite gives it. */
type Row = Omit<ScheduledRow, "dueAt"> & { due_at: number } & Record<
		string,
		SqlStorageValue
	>;

/** A claimed row: the event, the handler, and the due time it had, which tells it from one moved on since. */
type ClaimedKey = [id: string, handler: string, dueAt: number];

export class ScheduleTable implements ScheduleRows {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;
	/** The keys of the claim, so that asking whether a row is claimed reads nothing. */
	readonly #claimed: Record<RowKind, Set<string>> = {
		events: new Set(),
		deliveries: new Set(),
	};

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS held (
				id TEXT NOT NULL, handler TEXT NOT NULL, name TEXT NOT NULL,
				due_at INTEGER NOT NULL, attempt INTEGER NOT NULL,
				reference TEXT, record TEXT NOT NULL,
				PRIMARY KEY (id, handler)
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS held_due ON held ((handler = ''), due_at);
			CREATE TABLE IF NOT EXISTS claim (
				kind TEXT PRIMARY KEY, keys TEXT NOT NULL
			) WITHOUT ROWID;
		`);
		for (const kind of ROW_KINDS)
			this.#claimed[kind] = new Set(this.#claim(kind).map(heldKey));
	}

	store(rows: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const row of rows) this.#upsert(row);
		});
	}

	/**
	 * An event comes once. A delivery moves on only with a later attempt, or with the same one when its row
	 * is on its way out; and it then gets a later due time, so that settling the claim leaves it.
	 */
	#upsert(row: ScheduledRow): void {
		const {
			id,
			handler,
			name,
			dueAt,
			version: attempt,
			reference,
			record,
		} = row;
		const claimed = this.#isClaimed(id, handler) ? 1 : 0;
		this.#sql.exec(
			`INSERT INTO held (id, handler, name, due_at, attempt, reference, record)
			 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
			 ON CONFLICT (id, handler) DO UPDATE SET
				due_at = max(excluded.due_at, held.due_at + 1), attempt = excluded.attempt,
				reference = excluded.reference, record = excluded.record
			 WHERE excluded.handler <> '' AND
				(excluded.attempt > held.attempt OR (?8 = 1 AND excluded.attempt = held.attempt))`,
			...[id, handler, name, dueAt, attempt, reference, record, claimed],
		);
	}

	find(id: string, right: PublishPermission): MoveResult {
		const row = this.#movable(id, right);
		return typeof row === "string" ? row : scheduledOf(row);
	}

	cancel(id: string, right: PublishPermission): MoveResult {
		const found = this.find(id, right);
		if (typeof found === "object")
			this.#sql.exec("DELETE FROM held WHERE id = ? AND handler = ''", id);
		return found;
	}

	reschedule(id: string, dueAt: number, right: PublishPermission): MoveResult {
		const row = this.#movable(id, right);
		if (typeof row === "string") return row;
		const record = movedTo(row.record, dueAt);
		this.#sql.exec(
			"UPDATE held SET due_at = ?, record = ? WHERE id = ? AND handler = ''",
			...[dueAt, record, id],
		);
		return scheduledOf({ ...row, due_at: dueAt, record });
	}

	/** Whole events after a place in the order of due time and id. */
	list([dueAt, id]: [number, string], limit: number): ListedEvent[] {
		// Not the records: a thousand of them may be a hundred megabytes.
		const rows = this.#sql
			.exec<{ id: string; name: string; due_at: number; time: number }>(
				`SELECT id, name, due_at, json_extract(record, '$.time') AS time
				 FROM held WHERE (handler = '') = 1 AND (due_at, id) > (?, ?)
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
				"SELECT min(due_at) AS due_at FROM held WHERE (handler = '') = ?",
				whole(kind),
			)
			.one().due_at;
	}

	claim(kind: RowKind, now: number): ScheduledRow[] {
		const left = this.#claimed[kind].size > 0 ? this.#claim(kind) : [];
		if (left.length > 0) return left;
		// Nothing was claimed, or all of it was moved on since.
		this.#claimed[kind].clear();
		const batch = this.#due(kind, now);
		if (batch.length === 0) return batch;
		const keys = batch.map(({ id, handler, dueAt }) => [id, handler, dueAt]);
		this.#sql.exec(
			`INSERT INTO claim (kind, keys) VALUES (?, ?)
			 ON CONFLICT (kind) DO UPDATE SET keys = excluded.keys`,
			...[kind, JSON.stringify(keys)],
		);
		for (const held of batch) this.#claimed[kind].add(heldKey(held));
		return batch;
	}

	/** The claim's own row stays, for the next claim to overwrite: without their rows its keys claim nothing. */
	settle(kind: RowKind, batch: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const { id, handler, dueAt } of batch)
				this.#sql.exec(
					"DELETE FROM held WHERE id = ? AND handler = ? AND due_at = ?",
					...[id, handler, dueAt],
				);
		});
		this.#claimed[kind].clear();
	}

	/** The earliest due rows of a kind, within one `sendBatch`. */
	#due(kind: RowKind, now: number): ScheduledRow[] {
		const batch: ScheduledRow[] = [];
		let bytes = 0;
		const rows = this.#sql.exec<Row>(
			`SELECT * FROM held WHERE (handler = '') = ? AND due_at <= ?
			 ORDER BY due_at LIMIT ?`,
			...[whole(kind), now, SEND_BATCH_MESSAGES],
		);
		for (const row of rows) {
			bytes += messageBytes(row.record);
			if (batch.length > 0 && bytes > SEND_BATCH_BYTES) break;
			batch.push(heldOf(row));
		}
		return batch;
	}

	/** What is claimed and not settled, as far as it was not moved on since. */
	#claim(kind: RowKind): ScheduledRow[] {
		return this.#sql
			.exec<{ keys: string }>("SELECT keys FROM claim WHERE kind = ?", kind)
			.toArray()
			.flatMap(({ keys }) => JSON.parse(keys) as ClaimedKey[])
			.flatMap((key) => this.#claimedRow(key));
	}

	#isClaimed(id: string, handler: string): boolean {
		const kind = handler === "" ? "events" : "deliveries";
		return this.#claimed[kind].has(heldKey({ id, handler }));
	}

	#claimedRow(key: ClaimedKey): ScheduledRow[] {
		return this.#rows(
			"SELECT * FROM held WHERE id = ? AND handler = ? AND due_at = ?",
			...key,
		).map(heldOf);
	}

	/** A whole event that can still be cancelled, for those who may publish it. */
	#movable(id: string, right: PublishPermission): Row | "gone" | "forbidden" {
		if (this.#isClaimed(id, "")) return "gone";
		const query = "SELECT * FROM held WHERE id = ? AND handler = ''";
		const [row] = this.#rows(query, id);
		if (!row) return "gone";
		return mayPublish(right, row.name) ? row : "forbidden";
	}

	#rows(query: string, ...bound: SqlStorageValue[]): Row[] {
		return this.#sql.exec<Row>(query, ...bound).toArray();
	}
}

/** Whether a kind is of whole events, as SQLite says it. */
function whole(kind: RowKind): number {
	return kind === "events" ? 1 : 0;
}

function heldKey({
	id,
	handler,
}: Pick<ScheduledRow, "id" | "handler">): string {
	return `${id} ${handler}`;
}

function heldOf(row: Row): ScheduledRow {
	const {
		id,
		handler,
		name,
		version: attempt,
		reference,
		record,
		due_at: dueAt,
	} = row;
	return { id, handler, name, dueAt, version: attempt, reference, record };
}

function scheduledOf(row: Row): ScheduledEvent {
	const { id, name, due_at: dueAt, reference, record } = row;
	const { time, delay } = JSON.parse(record);
	return { id, name, time, delay, dueAt, reference };
}
