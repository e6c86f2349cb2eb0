/** A minimal scheduler: stores rows until they are due, then sends them to the queue, a hundred at a time. */
import { DurableObject } from "cloudflare:workers";

export type Row = [id: string, dueAt: number, record: string];

export class Calendar extends DurableObject<{ QUEUE: Queue<string> }> {
	readonly #sql = this.ctx.storage.sql;
	#armedAt = Number.POSITIVE_INFINITY;

	constructor(ctx: DurableObjectState, env: { QUEUE: Queue<string> }) {
		super(ctx, env);
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS due (
				id TEXT PRIMARY KEY, due_at INTEGER NOT NULL, record TEXT NOT NULL
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS due_at ON due (due_at);
		`);
	}

	async add(id: string, dueAt: number, record: string): Promise<string> {
		this.#insert([id, dueAt, record]);
		return id;
	}

	async addAll(rows: Row[]): Promise<string[]> {
		return rows.map((row) => this.#insert(row));
	}

	async cancel(id: string): Promise<boolean> {
		const { rowsWritten } = this.#sql.exec("DELETE FROM due WHERE id = ?", id);
		return rowsWritten > 0;
	}

	override async alarm(): Promise<void> {
		for (;;) {
			const rows = this.#sql
				.exec<{ id: string; record: string }>(
					"SELECT id, record FROM due WHERE due_at <= ? ORDER BY due_at LIMIT 100",
					Date.now(),
				)
				.toArray();
			if (rows.length === 0) break;
			await this.env.QUEUE.sendBatch(
				rows.map(({ record: body }) => ({ body, contentType: "text" })),
			);
			this.#sql.exec(
				"DELETE FROM due WHERE id IN (SELECT value FROM json_each(?))",
				JSON.stringify(rows.map(({ id }) => id)),
			);
			// During an alarm that never pauses, the local runtime runs no timers, and so delivers no batch.
			await scheduler.wait(0);
		}
		this.#armedAt = Number.POSITIVE_INFINITY;
		const { next } = this.#sql
			.exec<{ next: number | null }>("SELECT min(due_at) AS next FROM due")
			.one();
		if (next !== null) this.#arm(next);
	}

	#insert(row: Row): string {
		const [id, dueAt] = row;
		this.#sql.exec("INSERT INTO due VALUES (?, ?, ?)", ...row);
		if (dueAt < this.#armedAt) this.#arm(dueAt);
		return id;
	}

	#arm(dueAt: number): void {
		this.#armedAt = dueAt;
		this.ctx.storage.setAlarm(dueAt);
	}
}
