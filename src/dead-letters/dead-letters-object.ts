/** Stores dead letters until their retention ends. It must not decide which may be replayed; `replay.ts` does. */
import { DurableObject } from "cloudflare:workers";
import { cursorOf, pageSize, positionOf } from "../event/cursor.ts";
import {
	type DeadLetterQuery,
	type NewDeadLetter,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import type { Cause } from "../event/envelope.ts";
import { Alarm } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { DeadLetterStore } from "../ports.ts";

type SqlRow = {
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
	status: StoredDeadLetter["status"];
	replays: number;
};

/** The columns of a list, without the body: a thousand bodies may be more than the memory of an isolate. */
const SUMMARY_COLUMNS = `id, event, handler, cause, head, NULL AS body, error, attempts,
	first_failure_at, last_failure_at, status, replays`;

/** How often expired dead letters are deleted, in milliseconds. */
const SWEEP_INTERVAL = 86_400_000;

export class DeadLetters extends DurableObject implements DeadLetterStore {
	readonly #sql = this.ctx.storage.sql;
	readonly #alarm = new Alarm(this.ctx.storage);

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS dead_letter (
				id TEXT PRIMARY KEY, event TEXT NOT NULL, handler TEXT NOT NULL,
				cause TEXT NOT NULL, head TEXT NOT NULL, body TEXT, error TEXT NOT NULL,
				attempts INTEGER NOT NULL, first_failure_at INTEGER NOT NULL,
				last_failure_at INTEGER NOT NULL, status TEXT NOT NULL, replays INTEGER NOT NULL
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS dead_letter_latest ON dead_letter (status, last_failure_at);
		`);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextSweepAt()),
		);
	}

	/**
	 * Stores one dead letter for each event and handler. A later failure replaces an earlier one. The failure of a later
	 * replay, or of a replay that was marked, counts as later at any time, because the clocks of two machines may differ
	 * by a minute.
	 */
	async store(deadLetters: readonly NewDeadLetter[]): Promise<void> {
		this.ctx.storage.transactionSync(() => {
			for (const deadLetter of deadLetters) this.#upsert(deadLetter);
		});
		await this.#alarm.setBy(Date.now() + SWEEP_INTERVAL);
	}

	#upsert(deadLetter: NewDeadLetter): void {
		const { id, head, body, handler, cause, error, attempts } = deadLetter;
		this.#sql.exec(
			`INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dead', ?)
			 ON CONFLICT (id) DO UPDATE SET
				cause = excluded.cause, head = excluded.head,
				body = coalesce(excluded.body, dead_letter.body), error = excluded.error,
				attempts = excluded.attempts,
				first_failure_at = min(dead_letter.first_failure_at, excluded.first_failure_at),
				last_failure_at = excluded.last_failure_at, status = 'dead',
				replays = excluded.replays
			 WHERE excluded.replays > dead_letter.replays OR (excluded.replays = dead_letter.replays AND
				(dead_letter.status = 'replayed' OR excluded.last_failure_at > dead_letter.last_failure_at))`,
			...[id, head.name, handler, cause, JSON.stringify(head), body],
			...[JSON.stringify(error), attempts],
			...[
				deadLetter.firstFailureAt,
				deadLetter.lastFailureAt,
				deadLetter.replay ?? 0,
			],
		);
	}

	async get(id: string): Promise<StoredDeadLetter | null> {
		const [row] = this.#sql
			.exec<SqlRow>(
				"SELECT * FROM dead_letter WHERE id = ? AND status <> 'discarded'",
				id,
			)
			.toArray();
		return row ? storedOf(row) : null;
	}

	async list(query: DeadLetterQuery) {
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
			.exec<SqlRow>(
				`SELECT ${SUMMARY_COLUMNS} FROM dead_letter WHERE status = ? AND (last_failure_at, id) < (?, ?)
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

	/** Marks a dead letter as replayed, unless the same or a later replay has already changed it. */
	async markReplayed(id: string, replay: number): Promise<void> {
		this.#sql.exec(
			"UPDATE dead_letter SET replays = ?2, status = 'replayed' WHERE id = ?1 AND replays < ?2",
			...[id, replay],
		);
	}

	/** Discards a dead letter and its body. The row stays, so that a late duplicate does not store it again. */
	async discard(id: string): Promise<boolean> {
		const { rowsWritten } = this.#sql.exec(
			"UPDATE dead_letter SET status = 'discarded', body = NULL WHERE id = ? AND status <> 'discarded'",
			id,
		);
		return rowsWritten > 0;
	}

	/** Deletes expired dead letters once a day. */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				this.#sql.exec(
					"DELETE FROM dead_letter WHERE last_failure_at < ?",
					Date.now() - objectContext().deadLetterRetention,
				);
			},
			() => this.#nextSweepAt(),
		);
	}

	#nextSweepAt(): number | null {
		const { any } = this.#sql
			.exec<{ any: number }>("SELECT EXISTS (SELECT 1 FROM dead_letter) AS any")
			.one();
		return any === 1 ? Date.now() + SWEEP_INTERVAL : null;
	}
}

function storedOf(row: SqlRow): StoredDeadLetter {
	return {
		id: row.id,
		handler: row.handler,
		cause: row.cause,
		...headAndErrorOf(row),
		body: row.body,
		attempts: row.attempts,
		firstFailureAt: row.first_failure_at,
		lastFailureAt: row.last_failure_at,
		status: row.status,
		replays: row.replays,
	};
}

/** One row that cannot be read must not hide the other dead letters of a list. */
function headAndErrorOf(row: SqlRow): Pick<StoredDeadLetter, "head" | "error"> {
	try {
		return { head: JSON.parse(row.head), error: JSON.parse(row.error) };
	} catch {
		const { id, handler, event: name, first_failure_at: time } = row;
		log("row_unreadable", { deadLetter: id, name, handler });
		// The id is `eventId:handlerId`.
		const event = id.slice(0, id.length - handler.length - 1);
		return {
			head: { id: event, name, time, delay: 0 },
			error: { name: "Error", message: "the stored error cannot be read" },
		};
	}
}
