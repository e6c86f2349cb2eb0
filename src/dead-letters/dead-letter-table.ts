/** The rows of dead letters. It must not decide which may be replayed or discarded; the object does. */
import {
	type DeadLetterGroup,
	type DeadLetterState,
	type NewDeadLetter,
	reasonOf,
	type StoredDeadLetter,
} from "../event/dead-letter.ts";
import type { Cause } from "../event/envelope.ts";
import { matches } from "../event/name.ts";
import { type Filter, matchesGlob } from "../lists/filter.ts";
import { type DeadLetterRow, pastOf, storedOf } from "./dead-letter-row.ts";

/** The columns of a list, with the start of the body: a thousand bodies may be more than the memory of an isolate. */
const SUMMARY = `id, event, handler, cause, head, substr(body, 1, 200) AS body, error, attempts,
	first_failure_at, last_failure_at, state, changed_at, replays, is_sent, replay, history, reason, deploy`;

/** An error that cannot be read must not hide the other dead letters. */
const ERROR_TEXT = `iif(json_valid(error),
	json_extract(error, '$.name') || ': ' || json_extract(error, '$.message'), error)`;

/** Past failures that are stored. */
const HISTORY = 10;

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
			CREATE INDEX IF NOT EXISTS dead_letter_latest ON dead_letter (state, last_failure_at);
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
			...[id, head.name, handler, cause, JSON.stringify(head), body],
			...[JSON.stringify(error), attempts],
			...[deadLetter.firstFailureAt, deadLetter.lastFailureAt],
			...[now, replay, replay, reasonOf(error), deploy],
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
			...[cause, JSON.stringify(head), body, JSON.stringify(error), attempts],
			...[later.firstFailureAt, later.lastFailureAt, now, replay, replay],
			...[JSON.stringify(history), reasonOf(error), stored.id],
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
			...[state, now, replays, Number(isSent), id],
		);
	}

	confirmSent(id: string, replay: number): void {
		this.#sql.exec(
			"UPDATE dead_letter SET is_sent = 1 WHERE id = ? AND replays = ? AND state = 'replaying'",
			...[id, replay],
		);
	}

	/** Makes claims dead again that were made before a time and never confirmed. */
	expireClaims(before: number): void {
		this.#sql.exec(
			"UPDATE dead_letter SET state = 'dead' WHERE state = 'replaying' AND is_sent = 0 AND changed_at <= ?",
			before,
		);
	}

	/**
	 * Reads summaries, the latest failure first.
	 *
	 * @param before the last failure and the id of the row before
	 */
	list(
		filter: Filter,
		[at, id]: readonly [at: number, id: string],
		limit: number,
	): StoredDeadLetter[] {
		const { sql, values } = this.#where(filter);
		return this.#sql
			.exec<DeadLetterRow>(
				`SELECT ${SUMMARY} FROM dead_letter WHERE ${sql} AND (last_failure_at, id) < (?, ?)
				 ORDER BY last_failure_at DESC, id DESC LIMIT ?`,
				...values,
				...[at, id, limit],
			)
			.toArray()
			.map(storedOf);
	}

	count(filter: Filter): number {
		const { sql, values } = this.#where(filter);
		return this.#sql
			.exec<{ count: number }>(
				`SELECT count(*) AS count FROM dead_letter WHERE ${sql}`,
				...values,
			)
			.one().count;
	}

	/** Groups those that match by handler, cause and reason, the largest group first. */
	groups(filter: Filter, limit: number): DeadLetterGroup[] {
		const { sql, values } = this.#where(filter);
		return this.#sql
			.exec<{
				handler: string;
				cause: Cause;
				reason: string;
				count: number;
				first: string;
				last: number;
			}>(
				`SELECT handler, cause, reason, count(*) AS count, max(last_failure_at) AS last,
					min(printf('%015d %s', first_failure_at, deploy)) AS first
				 FROM dead_letter WHERE ${sql} GROUP BY handler, cause, reason ORDER BY count DESC LIMIT ?`,
				...values,
				limit,
			)
			.toArray()
			.map(({ first, last, ...group }) => ({
				...group,
				firstFailureAt: Number(first.slice(0, 15)),
				lastFailureAt: last,
				deploy: first.slice(16),
			}));
	}

	/** Number of dead letters by state. */
	counts(): Record<string, number> {
		const rows = this.#sql
			.exec<{ state: string; count: number }>(
				"SELECT state, count(*) AS count FROM dead_letter GROUP BY state",
			)
			.toArray();
		return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
	}

	#where(filter: Filter): { sql: string; values: (string | number)[] } {
		const { state = "dead", cause, handler, text, since, until, id } = filter;
		const { name, tags = {} } = filter;
		const part = text?.toLowerCase();
		const conditions: [
			sql: string,
			...values: (string | number | undefined)[],
		][] = [
			["state = ?", state],
			["cause = ?", cause],
			[
				"event IN (SELECT value FROM json_each(?))",
				name && this.#stored("event", name, matches),
			],
			// Not by GLOB: its pattern may have 50 bytes (Durable Objects, limits).
			[
				"handler IN (SELECT value FROM json_each(?))",
				handler && this.#stored("handler", handler, matchesGlob),
			],
			["last_failure_at >= ?", since],
			["last_failure_at < ?", until],
			["id = ? || ':' || handler", id],
			[
				`(instr(lower(${ERROR_TEXT}), ?) OR instr(lower(body), ?))`,
				...[part, part],
			],
			...Object.entries(tags).map(
				([key, value]) =>
					[
						...([
							"json_extract(iif(json_valid(head), head, '{}'), ?) = ?",
							`$.tags."${key}"`,
							value,
						] as const),
					] as [string, string, string],
			),
		];
		const given = conditions.filter(([, value]) => value !== undefined);
		return {
			sql: given.map(([sql]) => sql).join(" AND "),
			values: given.flatMap(([, ...values]) => values as (string | number)[]),
		};
	}

	/** The stored values of a column that a pattern matches, as JSON. */
	#stored(
		column: "event" | "handler",
		pattern: string,
		matches: (pattern: string, value: string) => boolean,
	): string {
		if (!pattern.includes("*")) return JSON.stringify([pattern]);
		const values = this.#sql
			.exec<{ value: string }>(
				`SELECT DISTINCT ${column} AS value FROM dead_letter`,
			)
			.toArray()
			.map(({ value }) => value);
		return JSON.stringify(values.filter((value) => matches(pattern, value)));
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
