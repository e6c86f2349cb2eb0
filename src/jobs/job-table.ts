/** The rows of jobs: what each does, and how far it is. It must not run one. */
import { parseFilter, withoutTag } from "../lists/filter.ts";
import type {
	Counted,
	Job,
	JobRequest,
	JobStep,
	Remaining,
	StepResult,
} from "./job.ts";

type SqlRow = {
	id: string;
	action: Job["action"];
	q: string;
	state: Job["state"];
	count: number;
	done: number;
	failed: number;
	errors: string;
	by: string;
	started_at: number;
	ended_at: number | null;
	cursor: string | null;
	is_in_flight: number;
	again_at: number | null;
	/** The filter from the end of the job on, if someone whom it names was erased. */
	ended_q: string | null;
	options: string;
	counts: string;
	remaining: string | null;
};

/** A job that starts. */
export type NewJob = JobRequest & Counted & Pick<Job, "id" | "by">;

/** Errors that are stored. */
const ERRORS = 10;

/** The cursor of a job whose last batch has ended, and that waits to start over. */
export const END = "end";

/** A running job with the place where it goes on. */
export interface RunningJob extends JobStep {
	id: string;
	/** The batch was begun before, and its end was not stored. */
	isInFlight: boolean;
	/** After the last batch, the job starts over at this time, in epoch milliseconds. */
	againAt: number | null;
}

export class JobTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(`CREATE TABLE IF NOT EXISTS job (
			id TEXT PRIMARY KEY, action TEXT NOT NULL, q TEXT NOT NULL, state TEXT NOT NULL,
			count INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, errors TEXT NOT NULL,
			by TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, cursor TEXT,
			is_in_flight INTEGER NOT NULL, again_at INTEGER, ended_q TEXT,
			options TEXT NOT NULL, counts TEXT NOT NULL, remaining TEXT
		) WITHOUT ROWID;
		CREATE INDEX IF NOT EXISTS job_running ON job (id) WHERE state = 'running'`);
	}

	insert({ id, action, q, count, by, ...options }: NewJob, now: number): void {
		this.#sql.exec(
			`INSERT INTO job VALUES (?, ?, ?, 'running', ?, 0, 0, '[]', ?, ?, NULL, NULL, 0, NULL, NULL, ?, '{}', NULL)`,
			id,
			action,
			q,
			count,
			by,
			now,
			JSON.stringify(options),
		);
	}

	get(id: string): Job | undefined {
		return this.#read("WHERE id = ?", id)[0];
	}

	/** The latest first. Ids are in the order of their creation. */
	list(limit: number, before: string): Job[] {
		return this.#read("WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit);
	}

	/** The running jobs, in the order of their start. */
	running(): RunningJob[] {
		return this.#sql
			.exec<SqlRow>("SELECT * FROM job WHERE state = 'running' ORDER BY id")
			.toArray()
			.map(({ id, action, q, cursor, by, ...row }) => ({
				id,
				action,
				q,
				cursor,
				by,
				startedAt: row.started_at,
				...JSON.parse(row.options),
				isInFlight: row.is_in_flight === 1,
				againAt: row.again_at,
			}));
	}

	/** A batch begins. @param againAt when to start over after the last one; null if that is not needed */
	begin(id: string, againAt: number | null): void {
		this.#sql.exec(
			"UPDATE job SET is_in_flight = 1, again_at = ? WHERE id = ?",
			againAt,
			id,
		);
	}

	/** A batch has ended. */
	advance(
		id: string,
		{
			done,
			errors,
			counts = {},
			remaining,
			againAt,
			cursor,
			outage,
		}: StepResult,
	): void {
		const job = this.get(id);
		if (!job) return;
		const all = [...job.errors, ...errors].slice(0, ERRORS);
		const sums = { ...job.counts };
		for (const [what, count] of Object.entries(counts))
			sums[what] = (sums[what] ?? 0) + count;
		const ends = { ...job.remaining };
		for (const [what, end] of Object.entries(remaining ?? {}))
			ends[what as keyof Remaining] = Math.max(
				end,
				ends[what as keyof Remaining] ?? 0,
			);
		const hasEnds = Object.keys(ends).length > 0;
		this.#sql.exec(
			// An outage leaves claims behind, as a crash does.
			`UPDATE job SET is_in_flight = ?, done = done + ?, failed = failed + ?, errors = ?, cursor = ?,
				counts = ?, remaining = ?, again_at = coalesce(?, again_at) WHERE id = ?`,
			outage ? 1 : 0,
			done,
			errors.length,
			JSON.stringify(all),
			cursor,
			JSON.stringify(sums),
			hasEnds ? JSON.stringify(ends) : null,
			againAt ?? null,
			id,
		);
	}

	/** The job starts over: what failed is tried again. */
	startOver(id: string): void {
		this.#sql.exec(
			"UPDATE job SET cursor = NULL, failed = 0, errors = '[]', again_at = NULL WHERE id = ?",
			id,
		);
	}

	/** Ends a running job. Returns false if it does not run. */
	end(id: string, state: "done" | "stopped", now: number): boolean {
		const job = this.get(id);
		if (job?.state !== "running") return false;
		this.#sql.exec(
			`UPDATE job SET state = ?, ended_at = ?, is_in_flight = 0, q = coalesce(ended_q, q), ended_q = NULL
			 WHERE id = ?`,
			state,
			now,
			id,
		);
		if (job.action === "erase") this.#removeErased(job);
		return true;
	}

	/**
	 * The receipt of an erasure must not contain what was erased, and no ended job may. A job that runs needs its filter
	 * until it ends.
	 */
	#removeErased({ q, startedAt }: Job): void {
		const { tags = {} } = parseFilter(q, startedAt);
		const [tag] = Object.entries(tags);
		if (!tag) return;
		const [key, value] = tag;
		const rows = this.#sql
			.exec<SqlRow>("SELECT * FROM job WHERE instr(q, ?) > 0", `tag.${key}:`)
			.toArray();
		for (const { id, state, q, ended_q } of rows)
			this.#sql.exec(
				`UPDATE job SET ${state === "running" ? "ended_q" : "q"} = ? WHERE id = ?`,
				withoutTag(ended_q ?? q, key, value),
				id,
			);
	}

	delete(id: string): void {
		this.#sql.exec("DELETE FROM job WHERE id = ?", id);
	}

	deleteBefore(time: number): void {
		this.#sql.exec("DELETE FROM job WHERE ended_at < ?", time);
	}

	#read(where: string, ...values: (string | number)[]): Job[] {
		return this.#sql
			.exec<SqlRow>(`SELECT * FROM job ${where}`, ...values)
			.toArray()
			.map(jobOf);
	}
}

function jobOf(row: SqlRow): Job {
	const { id, action, q, state, count, done, failed, by, remaining } = row;
	const counts = JSON.parse(row.counts);
	const { skipped = 0 } = counts;
	return {
		id,
		action,
		q,
		...JSON.parse(row.options),
		state,
		count,
		done,
		failed,
		left: state === "done" ? 0 : Math.max(0, count - done - failed - skipped),
		errors: JSON.parse(row.errors),
		counts,
		...(remaining !== null && { remaining: JSON.parse(remaining) }),
		by,
		startedAt: row.started_at,
		endedAt: row.ended_at,
	};
}
