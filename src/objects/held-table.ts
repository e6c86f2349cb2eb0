/**
 * The rows of one scheduler shard in SQLite, and the claim on the batch that is being handed over. Every
 * method is one synchronous step, so nothing can come between what it reads and what it writes.
 */
import type { Held } from "../contract/held.ts";
import { byteLength } from "../contract/json.ts";
import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "../contract/limits.ts";
import { type HeldRows, movedTo, type ScheduledEvent } from "../schedule.ts";

/** A row as SQLite gives it. */
type Row = Omit<Held, "dueAt"> & { due_at: number } & Record<
		string,
		SqlStorageValue
	>;

/** A claimed row: the event, the handler, and the due time it had, which tells it from one moved on since. */
type ClaimedKey = [id: string, handler: string, dueAt: number];

export class HeldTable implements HeldRows {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;
	/** The keys of the claim, so that asking whether a row is claimed reads nothing. */
	#claimed: Set<string>;

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
			CREATE INDEX IF NOT EXISTS held_due ON held (due_at);
			CREATE TABLE IF NOT EXISTS claim (keys TEXT NOT NULL);
		`);
		this.#claimed = new Set(this.#claim().map(keyOf));
	}

	hold(rows: readonly Held[]): void {
		this.#storage.transactionSync(() => {
			for (const row of rows) this.#upsert(row);
		});
	}

	/**
	 * An event comes once. A delivery moves on only with a later attempt, or with the same one when its row
	 * is on its way out; and it then gets a later due time, so that settling the claim leaves it.
	 */
	#upsert(row: Held): void {
		const { id, handler, name, dueAt, attempt, reference, record } = row;
		const claimed = this.#claimed.has(keyOf([id, handler])) ? 1 : 0;
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

	/** A whole event that can still be cancelled. */
	find(id: string): ScheduledEvent | null {
		const row = this.#unclaimed(id);
		return row ? scheduledOf(row) : null;
	}

	cancel(id: string): boolean {
		if (!this.#unclaimed(id)) return false;
		this.#sql.exec("DELETE FROM held WHERE id = ? AND handler = ''", id);
		return true;
	}

	reschedule(id: string, dueAt: number): ScheduledEvent | null {
		const row = this.#unclaimed(id);
		if (!row) return null;
		const record = movedTo(row.record, dueAt);
		this.#sql.exec(
			"UPDATE held SET due_at = ?, record = ? WHERE id = ? AND handler = ''",
			...[dueAt, record, id],
		);
		return scheduledOf({ ...row, due_at: dueAt, record });
	}

	/** Whole events after a place in the order of due time and id. */
	list([dueAt, id]: [number, string], limit: number): ScheduledEvent[] {
		return this.#rows(
			`SELECT * FROM held WHERE handler = '' AND (due_at, id) > (?, ?)
			 ORDER BY due_at, id LIMIT ?`,
			...[dueAt, id, limit],
		).map(scheduledOf);
	}

	nextDueAt(): number | null {
		return this.#sql
			.exec<{ due_at: number | null }>("SELECT min(due_at) AS due_at FROM held")
			.one().due_at;
	}

	claim(now: number): Held[] {
		const left = this.#claim().flatMap((key) => this.#claimedRow(key));
		if (left.length > 0) return left;
		// Nothing was claimed, or all of it was moved on since.
		if (this.#claimed.size > 0) this.settle([]);
		const batch = this.#due(now);
		if (batch.length === 0) return batch;
		const keys = batch.map(({ id, handler, dueAt }) => [id, handler, dueAt]);
		this.#sql.exec("INSERT INTO claim (keys) VALUES (?)", JSON.stringify(keys));
		this.#claimed = new Set(batch.map((row) => keyOf([row.id, row.handler])));
		return batch;
	}

	settle(batch: readonly Held[]): void {
		this.#storage.transactionSync(() => {
			for (const { id, handler, dueAt } of batch)
				this.#sql.exec(
					"DELETE FROM held WHERE id = ? AND handler = ? AND due_at = ?",
					...[id, handler, dueAt],
				);
			this.#sql.exec("DELETE FROM claim");
		});
		this.#claimed.clear();
	}

	/** The earliest due rows, all events or all deliveries, within one `sendBatch`. */
	#due(now: number): Held[] {
		const batch: Held[] = [];
		let bytes = 0;
		const rows = this.#sql.exec<Row>(
			"SELECT * FROM held WHERE due_at <= ? ORDER BY due_at LIMIT ?",
			...[now, SEND_BATCH_MESSAGES],
		);
		for (const row of rows) {
			const [first = row] = batch;
			if ((row.handler === "") !== (first.handler === "")) continue;
			bytes += byteLength(row.record) + 100;
			if (batch.length > 0 && bytes > SEND_BATCH_BYTES) break;
			batch.push(heldOf(row));
		}
		return batch;
	}

	#claim(): ClaimedKey[] {
		return this.#sql
			.exec<{ keys: string }>("SELECT keys FROM claim")
			.toArray()
			.flatMap(({ keys }) => JSON.parse(keys) as ClaimedKey[]);
	}

	#claimedRow(key: ClaimedKey): Held[] {
		return this.#rows(
			"SELECT * FROM held WHERE id = ? AND handler = ? AND due_at = ?",
			...key,
		).map(heldOf);
	}

	#unclaimed(id: string): Row | undefined {
		return this.#claimed.has(keyOf([id, ""]))
			? undefined
			: this.#rows("SELECT * FROM held WHERE id = ? AND handler = ''", id)[0];
	}

	#rows(query: string, ...bound: SqlStorageValue[]): Row[] {
		return this.#sql.exec<Row>(query, ...bound).toArray();
	}
}

function keyOf([id, handler]: readonly [string, string, ...unknown[]]): string {
	return `${id} ${handler}`;
}

function heldOf(row: Row): Held {
	const { id, handler, name, attempt, reference, record, due_at: dueAt } = row;
	return { id, handler, name, dueAt, attempt, reference, record };
}

function scheduledOf(row: Row): ScheduledEvent {
	const { id, name, due_at: dueAt, reference, record } = row;
	const { time, delay } = JSON.parse(record);
	return { id, name, time, delay, dueAt, reference };
}
