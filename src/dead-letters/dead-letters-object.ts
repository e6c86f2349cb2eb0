/** Where dead letters live until they are replayed or discarded, or too old. It keeps; `replay.ts` decides. */
import { DurableObject } from "cloudflare:workers";
import { cursorOf, pageSize, positionOf } from "../event/cursor.ts";
import {
	type DeadLetterPage,
	type DeadLetterQuery,
	type DeadLetterStatus,
	type NewDeadLetter,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import type { Cause, EventHead } from "../event/envelope.ts";
import { objectContext } from "../platform/object-context.ts";

type Row = {
	id: string;
	event: string;
	handler: string;
	cause: Cause;
	head: string;
	body: string | null;
	error: string;
	attempts: number;
	first_failure_at: number;
	last_failure_at: number;
	status: DeadLetterStatus;
	replays: number;
};

/** The columns of a list, which must not read a thousand bodies into memory. */
const SUMMARY = `id, event, handler, cause, head, NULL AS body, error, attempts,
	first_failure_at, last_failure_at, status, replays`;

/** How often what is too old is swept away, in milliseconds. */
const SWEEP = 86_400_000;

export class DeadLetters extends DurableObject {
	readonly #sql = this.ctx.storage.sql;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS letter (
				id TEXT PRIMARY KEY, event TEXT NOT NULL, handler TEXT NOT NULL,
				cause TEXT NOT NULL, head TEXT NOT NULL, body TEXT, error TEXT NOT NULL,
				attempts INTEGER NOT NULL, first_failure_at INTEGER NOT NULL,
				last_failure_at INTEGER NOT NULL, status TEXT NOT NULL, replays INTEGER NOT NULL
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS letter_latest ON letter (status, last_failure_at);
		`);
	}

	/**
	 * One letter for each event and handler; a later failure updates it, an earlier one changes nothing. A later
	 * replay, and the end of the one that was marked, is later whatever the clocks say, for two machines may differ
	 * by a minute.
	 */
	async store(letters: readonly NewDeadLetter[]): Promise<void> {
		this.ctx.storage.transactionSync(() => {
			for (const letter of letters) this.#upsert(letter);
		});
		if ((await this.ctx.storage.getAlarm()) === null)
			await this.ctx.storage.setAlarm(Date.now() + SWEEP);
	}

	#upsert(letter: NewDeadLetter): void {
		const { id, head, body, handler, cause, error, attempts } = letter;
		this.#sql.exec(
			`INSERT INTO letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dead', ?)
			 ON CONFLICT (id) DO UPDATE SET
				cause = excluded.cause, head = excluded.head,
				body = coalesce(excluded.body, letter.body), error = excluded.error,
				attempts = excluded.attempts,
				first_failure_at = min(letter.first_failure_at, excluded.first_failure_at),
				last_failure_at = excluded.last_failure_at, status = 'dead',
				replays = excluded.replays
			 WHERE excluded.replays > letter.replays OR (excluded.replays = letter.replays AND
				(letter.status = 'replayed' OR excluded.last_failure_at > letter.last_failure_at))`,
			...[id, head.name, handler, cause, JSON.stringify(head), body],
			...[JSON.stringify(error), attempts],
			...[letter.firstFailureAt, letter.lastFailureAt, letter.replay ?? 0],
		);
	}

	async get(id: string): Promise<StoredDeadLetter | null> {
		const [row] = this.#sql
			.exec<Row>(
				"SELECT * FROM letter WHERE id = ? AND status <> 'discarded'",
				id,
			)
			.toArray();
		return row ? storedOf(row) : null;
	}

	async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
		const { status = "dead", event, handler, cause, cursor } = query;
		const limit = pageSize(query.limit);
		const [before, beforeId] = positionOf(cursor) ?? [
			Number.MAX_SAFE_INTEGER,
			"",
		];
		const filters = { event, handler, cause };
		const given = Object.entries(filters).filter(
			([, value]) => value !== undefined,
		);
		const rows = this.#sql
			.exec<Row>(
				`SELECT ${SUMMARY} FROM letter WHERE status = ? AND (last_failure_at, id) < (?, ?)
				 ${given.map(([column]) => `AND ${column} = ?`).join(" ")}
				 ORDER BY last_failure_at DESC, id DESC LIMIT ?`,
				...[status, before, beforeId],
				...given.map(([, value]) => value as string),
				limit + 1,
			)
			.toArray();
		const page = rows.slice(0, limit);
		const last = page.at(-1);
		return {
			deadLetters: page.map((row) => summaryOf(storedOf(row))),
			...(rows.length > limit &&
				last && { cursor: cursorOf([last.last_failure_at, last.id]) }),
		};
	}

	/** A replay that died before it could be marked stays dead. */
	async markReplayed(id: string, replay: number): Promise<void> {
		this.#sql.exec(
			"UPDATE letter SET replays = ?2, status = 'replayed' WHERE id = ?1 AND replays < ?2",
			...[id, replay],
		);
	}

	async discard(id: string): Promise<boolean> {
		const { rowsWritten } = this.#sql.exec(
			"UPDATE letter SET status = 'discarded', body = NULL WHERE id = ? AND status <> 'discarded'",
			id,
		);
		return rowsWritten > 0;
	}

	/** Sweeps, and sets itself again for as long as there are letters. */
	override async alarm(): Promise<void> {
		const now = Date.now();
		await this.ctx.storage.setAlarm(now + SWEEP);
		this.#sql.exec(
			"DELETE FROM letter WHERE last_failure_at < ?",
			now - objectContext().lettersKept,
		);
		const { rest } = this.#sql
			.exec<{ rest: number }>("SELECT EXISTS (SELECT 1 FROM letter) AS rest")
			.one();
		if (rest === 0) await this.ctx.storage.deleteAlarm();
	}
}

function storedOf(row: Row): StoredDeadLetter {
	return {
		id: row.id,
		handler: row.handler,
		cause: row.cause,
		head: JSON.parse(row.head) as EventHead,
		body: row.body,
		error: JSON.parse(row.error),
		attempts: row.attempts,
		firstFailureAt: row.first_failure_at,
		lastFailureAt: row.last_failure_at,
		status: row.status,
		replays: row.replays,
	};
}
