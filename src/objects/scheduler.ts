/**
 * Where one shard of the scheduled events and long retries lives: rows in SQLite and one alarm. It keeps
 * and claims; `schedule.ts` says when and what for.
 */
import { DurableObject } from "cloudflare:workers";
import { bindings } from "../bindings.ts";
import type { Held } from "../contract/held.ts";
import { byteLength } from "../contract/json.ts";
import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "../contract/limits.ts";
import {
	type HeldRows,
	handOver,
	movedTo,
	type ScheduledEvent,
} from "../schedule.ts";
import { observed } from "./observed.ts";

/** A row as SQLite gives it. */
type Row = Omit<Held, "dueAt"> & { due_at: number } & Record<
		string,
		SqlStorageValue
	>;

/** A claimed row: the event, the handler, and the due time it had, which tells it from one moved on since. */
type ClaimedKey = [id: string, handler: string, dueAt: number];

/** An alarm that fails is set again after this long, in milliseconds, doubling up to a minute. */
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;

export class Scheduler extends DurableObject {
	readonly #sql = this.ctx.storage.sql;
	/** What the alarm is set to; null when it is not. Spares a `setAlarm` where an earlier one stands. */
	#armedAt: number | null = null;
	#claimed = new Set<string>();
	#handingOver: Promise<void> | undefined;
	#failures = 0;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(async () => {
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
			await this.watch();
		});
	}

	/** Holds rows durably. A row that is further on stays; one that is claimed is held anew beside its claim. */
	async hold(rows: readonly Held[]): Promise<void> {
		this.ctx.storage.transactionSync(() => {
			for (const row of rows) this.#upsert(row);
		});
		await this.#armBy(Math.min(...rows.map(({ dueAt }) => dueAt)));
	}

	/**
	 * An event comes once. A delivery moves on only with a later attempt, or with the same one when the row
	 * is on its way out; and it then gets a later due time, so that settling the claim leaves it.
	 */
	#upsert({
		id,
		handler,
		name,
		dueAt,
		attempt,
		reference,
		record,
	}: Held): void {
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

	async find(id: string): Promise<ScheduledEvent | null> {
		const row = this.#row(id);
		return row && !this.#claimed.has(keyOf([id, ""])) ? scheduledOf(row) : null;
	}

	async cancel(id: string): Promise<boolean> {
		if (this.#claimed.has(keyOf([id, ""]))) return false;
		const { rowsWritten } = this.#sql.exec(
			"DELETE FROM held WHERE id = ? AND handler = ''",
			id,
		);
		return rowsWritten > 0;
	}

	async reschedule(id: string, dueAt: number): Promise<ScheduledEvent | null> {
		const row = this.#row(id);
		if (!row || this.#claimed.has(keyOf([id, ""]))) return null;
		const record = movedTo(row.record, dueAt);
		this.#sql.exec(
			"UPDATE held SET due_at = ?, record = ? WHERE id = ? AND handler = ''",
			...[dueAt, record, id],
		);
		await this.#armBy(dueAt);
		return scheduledOf({ ...row, due_at: dueAt, record });
	}

	/** Whole events after a place in the order of due time and id. */
	async list(
		[dueAt, id]: [dueAt: number, id: string],
		limit: number,
	): Promise<ScheduledEvent[]> {
		return this.#sql
			.exec<Row>(
				`SELECT * FROM held WHERE handler = '' AND (due_at, id) > (?, ?)
				 ORDER BY due_at, id LIMIT ?`,
				...[dueAt, id, limit],
			)
			.toArray()
			.map(scheduledOf);
	}

	/** Sets an alarm that went missing; tells the earliest due time, in epoch milliseconds. */
	async watch(): Promise<{ nextDueAt: number | null }> {
		this.#armedAt = await this.ctx.storage.getAlarm();
		const nextDueAt = this.#nextDueAt();
		if (nextDueAt !== null && this.#armedAt === null && !this.#handingOver)
			await this.#arm(nextDueAt);
		return { nextDueAt };
	}

	/** Never throws: an alarm that keeps throwing is gone after six retries. */
	override async alarm(): Promise<void> {
		this.#handingOver ??= this.#handOver().finally(() => {
			this.#handingOver = undefined;
		});
		await this.#handingOver;
	}

	async #handOver(): Promise<void> {
		try {
			// Before work that can fail: a crash from here on finds the alarm set.
			await this.#arm(Date.now() + LONGEST_BACKOFF);
			await handOver(this.#rows(), {
				...bindings(),
				clock: () => Date.now(),
				observe: observed,
			});
			this.#failures = 0;
		} catch (error) {
			this.#failures++;
			console.error("tidings: a hand-over failed and is tried again", error);
		}
		await this.#armForNext().catch((error) =>
			console.error("tidings: the alarm was not set", error),
		);
	}

	async #armForNext(): Promise<void> {
		const nextDueAt = this.#nextDueAt();
		if (nextDueAt === null) {
			await this.ctx.storage.deleteAlarm();
			this.#armedAt = null;
			return;
		}
		const backoff =
			this.#failures &&
			Math.min(FIRST_BACKOFF * 2 ** (this.#failures - 1), LONGEST_BACKOFF);
		await this.#arm(Math.max(nextDueAt, Date.now() + backoff));
	}

	async #armBy(dueAt: number): Promise<void> {
		if (this.#armedAt === null || dueAt < this.#armedAt) await this.#arm(dueAt);
	}

	async #arm(at: number): Promise<void> {
		this.#armedAt = at;
		await this.ctx.storage.setAlarm(at);
	}

	#rows(): HeldRows {
		return {
			claim: (now) => this.#claimDue(now),
			settle: (batch) => this.#settle(batch),
		};
	}

	#claimDue(now: number): Held[] {
		const left = this.#claim();
		if (left.length > 0) {
			const rows = left.flatMap((key) => this.#claimedRow(key));
			// All of it was moved on since: nothing is left to send.
			if (rows.length === 0) this.#settle([]);
			else return rows;
		}
		const batch = this.#due(now);
		if (batch.length === 0) return batch;
		const keys = batch.map(({ id, handler, dueAt }) => [id, handler, dueAt]);
		this.#sql.exec("INSERT INTO claim (keys) VALUES (?)", JSON.stringify(keys));
		this.#claimed = new Set(batch.map((row) => keyOf([row.id, row.handler])));
		return batch;
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
			if ((row.handler === "") !== ((batch[0]?.handler ?? row.handler) === ""))
				continue;
			bytes += byteLength(row.record) + 100;
			if (batch.length > 0 && bytes > SEND_BATCH_BYTES) break;
			batch.push(heldOf(row));
		}
		return batch;
	}

	#settle(batch: readonly Held[]): void {
		this.ctx.storage.transactionSync(() => {
			for (const { id, handler, dueAt } of batch)
				this.#sql.exec(
					"DELETE FROM held WHERE id = ? AND handler = ? AND due_at = ?",
					...[id, handler, dueAt],
				);
			this.#sql.exec("DELETE FROM claim");
		});
		this.#claimed.clear();
	}

	#claim(): ClaimedKey[] {
		return this.#sql
			.exec<{ keys: string }>("SELECT keys FROM claim")
			.toArray()
			.flatMap(({ keys }) => JSON.parse(keys) as ClaimedKey[]);
	}

	#claimedRow([id, handler, dueAt]: ClaimedKey): Held[] {
		return this.#sql
			.exec<Row>(
				"SELECT * FROM held WHERE id = ? AND handler = ? AND due_at = ?",
				...[id, handler, dueAt],
			)
			.toArray()
			.map(heldOf);
	}

	#row(id: string): Row | undefined {
		return this.#sql
			.exec<Row>("SELECT * FROM held WHERE id = ? AND handler = ''", id)
			.toArray()[0];
	}

	#nextDueAt(): number | null {
		return this.#sql
			.exec<{ due_at: number | null }>("SELECT min(due_at) AS due_at FROM held")
			.one().due_at;
	}
}

function keyOf([id, handler]: readonly [string, string, ...unknown[]]): string {
	return `${id} ${handler}`;
}

function heldOf({ due_at: dueAt, ...row }: Row): Held {
	return { ...row, dueAt };
}

function scheduledOf({
	id,
	name,
	due_at,
	reference,
	record,
}: Row): ScheduledEvent {
	const { time, delay } = JSON.parse(record);
	return { id, name, time, delay, dueAt: due_at, reference };
}
