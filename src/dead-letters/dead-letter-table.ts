/**
 * The rows of dead letters, read and changed by their ids. It must not decide which may be replayed or discarded; the
 * object does.
 */
import {
	type DeadLetterState,
	type NewDeadLetter,
	reasonOf,
	type StoredDeadLetter,
} from "../event/dead-letter.ts";
import { type DeadLetterRow, pastOf, storedOf } from "./dead-letter-row.ts";

/** Past failures that are stored. */
const HISTORY = 10;

/** Lists, counts and groups read only the index, because bodies and errors make a row a hundred times as long. */
export class DeadLetterTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(`
			CREATE TABLE IF NOT EXISTS dead_letter (
				id TEXT PRIMARY KEY, event TEXT NOT NULL, handler TEXT NOT NULL,
				cause TEXT NOT NULL, head TEXT NOT NULL, body TEXT, error TEXT NOT NULL,
				attempts INTEGER NOT NULL, first_failure_at INTEGER NOT NULL,
				last_failure_at INTEGER NOT NULL, state TEXT NOT NULL, changed_at INTEGER NOT NULL,
				replays INTEGER NOT NULL, is_sent INTEGER NOT NULL, replay INTEGER NOT NULL, history TEXT NOT NULL,
				reason TEXT NOT NULL, deploy TEXT NOT NULL
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS dead_letter_listed ON dead_letter (
				state, last_failure_at, id, event, handler, cause, reason, first_failure_at, deploy, head
			);
		`);
	}

	get(id: string): StoredDeadLetter | undefined {
		const [row] = this.#sql
			.exec<DeadLetterRow>("SELECT * FROM dead_letter WHERE id = ?", id)
			.toArray();
		return row && storedOf(row);
	}

	insert(deadLetter: NewDeadLetter, deploy: string, now: number): void {
		const { id, head, body, handler, cause, error, attempts } = deadLetter;
		const { replay = 0 } = deadLetter;
		this.#sql.exec(
			`INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dead', ?, ?, 0, ?, '[]', ?, ?)`,
			id,
			head.name,
			handler,
			cause,
			JSON.stringify(head),
			body,
			JSON.stringify(error),
			attempts,
			deadLetter.firstFailureAt,
			deadLetter.lastFailureAt,
			now,
			replay,
			replay,
			reasonOf(error),
			deploy,
		);
	}

	/** Replaces the failure of a dead letter by a later one. The earlier one becomes a part of its history. */
	update(stored: StoredDeadLetter, later: NewDeadLetter, now: number): void {
		const { head, body, cause, error, attempts, replay = 0 } = later;
		const history = [...stored.history, pastOf(stored)].slice(-HISTORY);
		this.#sql.exec(
			`UPDATE dead_letter SET cause = ?, head = ?, body = coalesce(?, body), error = ?, attempts = ?,
				first_failure_at = min(first_failure_at, ?), last_failure_at = ?, state = 'dead', changed_at = ?,
				replays = ?, replay = ?, is_sent = 0, history = ?, reason = ? WHERE id = ?`,
			cause,
			JSON.stringify(head),
			body,
			JSON.stringify(error),
			attempts,
			later.firstFailureAt,
			later.lastFailureAt,
			now,
			replay,
			replay,
			JSON.stringify(history),
			reasonOf(error),
			stored.id,
		);
	}

	/** @param isSent whether the replay's message was sent */
	setState(
		id: string,
		state: DeadLetterState,
		replays: number,
		isSent: boolean,
		now: number,
	): void {
		this.#sql.exec(
			`UPDATE dead_letter SET state = ?, changed_at = ?, replays = ?, is_sent = ?,
				body = CASE WHEN ?1 = 'discarded' THEN NULL ELSE body END WHERE id = ?`,
			state,
			now,
			replays,
			Number(isSent),
			id,
		);
	}

	confirmSent(id: string, replay: number): void {
		this.#sql.exec(
			"UPDATE dead_letter SET is_sent = 1 WHERE id = ? AND replays = ? AND state = 'replaying'",
			id,
			replay,
		);
	}

	/** When the earliest claim was made that is not confirmed, in epoch milliseconds; null without one. */
	earliestClaimAt(): number | null {
		return this.#sql
			.exec<{ at: number | null }>(
				"SELECT min(changed_at) AS at FROM dead_letter WHERE state = 'replaying' AND is_sent = 0",
			)
			.one().at;
	}

	/** Makes claims dead again that were made before a time and never confirmed. */
	expireClaims(before: number): void {
		this.#sql.exec(
			"UPDATE dead_letter SET state = 'dead' WHERE state = 'replaying' AND is_sent = 0 AND changed_at <= ?",
			before,
		);
	}

	deleteBefore(time: number): void {
		this.#sql.exec("DELETE FROM dead_letter WHERE last_failure_at < ?", time);
	}

	isEmpty(): boolean {
		return (
			this.#sql
				.exec<{ any: number }>(
					"SELECT EXISTS (SELECT 1 FROM dead_letter) AS any",
				)
				.one().any === 0
		);
	}
}
