/**
 * The messages of the queues in a durable local run, in SQLite. Each method is one synchronous step. It must not decide
 * when a message is delivered.
 */
import type { QueueRole } from "../platform/queue-names.ts";

/** A message as its consumer gets it. Times are in epoch milliseconds. */
export interface LocalMessage {
	id: number;
	record: string;
	sentAt: number;
	/** Deliveries, this one included. */
	attempts: number;
}

/** The queue of a message: the name of its binding, and its role. */
export interface LocalQueue {
	name: string;
	role: QueueRole;
}

export class MessageTable {
	readonly #sql: SqlStorage;

	constructor({ sql }: Pick<DurableObjectStorage, "sql">) {
		this.#sql = sql;
		sql.exec(`
			CREATE TABLE IF NOT EXISTS message (
				id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, role TEXT NOT NULL,
				record TEXT NOT NULL, sent_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
				attempts INTEGER NOT NULL DEFAULT 0, is_leased INTEGER NOT NULL DEFAULT 0
			);
			CREATE INDEX IF NOT EXISTS message_due ON message (queue, is_leased, due_at);
		`);
	}

	/** Ends the leases of an instance that a reload or a kill has ended. Its messages are due. */
	releaseAll(): void {
		this.#sql.exec("UPDATE message SET is_leased = 0 WHERE is_leased = 1");
	}

	add(
		{ name, role }: LocalQueue,
		record: string,
		now: number,
		dueAt: number,
	): void {
		this.#sql.exec(
			"INSERT INTO message (queue, role, record, sent_at, due_at) VALUES (?, ?, ?, ?, ?)",
			name,
			role,
			record,
			now,
			dueAt,
		);
	}

	/** Lists the queues that have messages. Reads all of them. */
	queues(): LocalQueue[] {
		return this.#sql
			.exec<{ name: string; role: QueueRole }>(
				"SELECT DISTINCT queue AS name, role FROM message",
			)
			.toArray();
	}

	/** Leases the messages of a queue that are due, the earliest first, and counts their delivery. */
	lease({ name }: LocalQueue, limit: number, now: number): LocalMessage[] {
		return this.#sql
			.exec<{ id: number; record: string; sentAt: number; attempts: number }>(
				`UPDATE message SET is_leased = 1, attempts = attempts + 1 WHERE id IN (
					SELECT id FROM message WHERE queue = ? AND is_leased = 0 AND due_at <= ?
					ORDER BY due_at, id LIMIT ?
				) RETURNING id, record, sent_at AS sentAt, attempts`,
				name,
				now,
				limit,
			)
			.toArray();
	}

	delete(id: number): void {
		this.#sql.exec("DELETE FROM message WHERE id = ?", id);
	}

	/** Ends a lease. The message is due again at this time. */
	release(id: number, dueAt: number): void {
		this.#sql.exec(
			"UPDATE message SET is_leased = 0, due_at = ? WHERE id = ?",
			dueAt,
			id,
		);
	}

	/** Moves a message to another queue, where it is new. */
	move(id: number, { name, role }: LocalQueue, now: number): void {
		this.#sql.exec(
			`UPDATE message SET queue = ?1, role = ?2, sent_at = ?3, due_at = ?3, attempts = 0, is_leased = 0
			 WHERE id = ?4`,
			name,
			role,
			now,
			id,
		);
	}

	/** When the next message of a queue without a lease is due; null without one. */
	nextDueAt({ name }: LocalQueue): number | null {
		return this.#sql
			.exec<{ due_at: number | null }>(
				"SELECT min(due_at) AS due_at FROM message WHERE queue = ? AND is_leased = 0",
				name,
			)
			.one().due_at;
	}

	/** The backlog of a queue, as the platform reports it. */
	backlog(queue: string): { count: number; bytes: number; oldest: number } {
		return this.#sql
			.exec<{ count: number; bytes: number; oldest: number }>(
				`SELECT count(*) AS count, coalesce(sum(length(CAST(record AS BLOB))), 0) AS bytes,
					coalesce(min(sent_at), 0) AS oldest
				 FROM message WHERE queue = ?`,
				queue,
			)
			.one();
	}
}
