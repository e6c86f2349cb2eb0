/** The counts of each minute, for all handlers in one row. It must not read pages. */
import { addCounts, type Counts, NO_COUNTS } from "./counters.ts";
import { DayTables, dayOf } from "./day-table.ts";

const MINUTE = 60_000;

/** The counts of an interval of one or more minutes. */
export interface IntervalCounts {
	/** Start of the interval, in epoch milliseconds. */
	at: number;
	counts: Counts;
}

export class MinuteTable {
	readonly #sql: SqlStorage;
	readonly #tables: DayTables;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.#tables = new DayTables(
			sql,
			"minutes",
			1,
			"at INTEGER PRIMARY KEY, counts TEXT NOT NULL",
		);
	}

	/** Adds to the counts of a minute: one row written. */
	add(counts: Counts, now: number): void {
		const table = this.#tables.create(dayOf(now));
		const at = Math.floor(now / MINUTE) * MINUTE;
		const [row] = this.#sql
			.exec<{ counts: string }>(`SELECT counts FROM ${table} WHERE at = ?`, at)
			.toArray();
		const sum = addCounts(row ? JSON.parse(row.counts) : NO_COUNTS, counts);
		this.#sql.exec(
			`INSERT INTO ${table} VALUES (?, ?)
			 ON CONFLICT (at) DO UPDATE SET counts = excluded.counts`,
			at,
			JSON.stringify(sum),
		);
	}

	/**
	 * The counts from one time to another, in epoch milliseconds, in order. It sums them here: those of a week may be
	 * more than a call can return.
	 *
	 * @param step length of an interval, in milliseconds
	 */
	list(since: number, until: number, step: number): IntervalCounts[] {
		const intervals = new Map<number, Counts>();
		const days = this.#tables.days().reverse();
		for (const day of days) {
			if (day < dayOf(since) || day > dayOf(until)) continue;
			const rows = this.#sql.exec<{ at: number; counts: string }>(
				`SELECT at, counts FROM ${this.#tables.nameOf(day)} WHERE at > ? AND at < ? ORDER BY at`,
				since - MINUTE,
				until,
			);
			for (const row of rows) {
				const at = Math.floor(row.at / step) * step;
				const sum = intervals.get(at) ?? NO_COUNTS;
				intervals.set(at, addCounts(sum, JSON.parse(row.counts)));
			}
		}
		return [...intervals].map(([at, counts]) => ({ at, counts }));
	}

	/** Forgets what is known of the tables, after a day was dropped, or a write was undone. */
	forget(): void {
		this.#tables.forget();
	}
}
