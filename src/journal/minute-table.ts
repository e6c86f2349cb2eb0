/** The counts of each minute, for all handlers in one row. It must not read pages. */
import { addCounts, type Counts, NO_COUNTS } from "./counters.ts";
import { DayTables, dayOf } from "./day-table.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** The counts of an interval of one or more minutes. */
export interface IntervalCounts {
	/** Start of the interval, in epoch milliseconds. */
	at: number;
	counts: Counts;
}

export class MinuteTable {
	readonly #sql: SqlStorage;
	readonly #tables: DayTables;
	/** Sums of past days, by day and step. */
	readonly #past = new Map<string, ReadonlyMap<number, Counts>>();

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
		const today = dayOf(Date.now());
		const intervals = new Map<number, Counts>();
		for (const day of this.#tables.days().reverse()) {
			if (day < dayOf(since) || day > dayOf(until)) continue;
			const isWhole = since <= day * DAY && (day + 1) * DAY <= until;
			const counted =
				isWhole && day < today
					? this.#pastDay(day, step)
					: this.#sums(day, since - MINUTE, until, step);
			for (const [at, counts] of counted)
				intervals.set(at, addCounts(intervals.get(at) ?? NO_COUNTS, counts));
		}
		return [...intervals].map(([at, counts]) => ({ at, counts }));
	}

	/** A day that has passed does not change, and a chart of a week would read 10 000 rows every 5 seconds. */
	#pastDay(day: number, step: number): ReadonlyMap<number, Counts> {
		const key = `${day} ${step}`;
		const sums =
			this.#past.get(key) ??
			this.#sums(day, day * DAY - 1, (day + 1) * DAY, step);
		this.#past.set(key, sums);
		return sums;
	}

	/** @param after exclusive, as is `until` */
	#sums(
		day: number,
		after: number,
		until: number,
		step: number,
	): Map<number, Counts> {
		const sums = new Map<number, Counts>();
		const rows = this.#sql.exec<{ at: number; counts: string }>(
			`SELECT at, counts FROM ${this.#tables.nameOf(day)} WHERE at > ? AND at < ? ORDER BY at`,
			after,
			until,
		);
		for (const row of rows) {
			const at = Math.floor(row.at / step) * step;
			const sum = sums.get(at) ?? NO_COUNTS;
			sums.set(at, addCounts(sum, JSON.parse(row.counts)));
		}
		return sums;
	}

	/** Forgets what is known of the tables, after a day was dropped, or a write was undone. */
	forget(): void {
		this.#past.clear();
		this.#tables.forget();
	}
}
