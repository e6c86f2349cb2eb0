/** The counts of each minute, for all handlers in one row. It must not read pages. */
import { type Counts, NO_COUNTS, sumOf } from "./counters.ts";
import { DayTables, dayOf } from "./day-table.ts";

const MINUTE = 60_000;

/** The counts of one minute. */
export interface MinuteCounts {
	/** Start of the minute, in epoch milliseconds. */
	at: number;
	counts: Counts;
}

export class MinuteTable {
	readonly #sql: SqlStorage;
	readonly #tables: DayTables;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.#tables = new DayTables(
			...([sql, "minutes", 1] as const),
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
		const sum = sumOf(row ? JSON.parse(row.counts) : NO_COUNTS, counts);
		this.#sql.exec(
			`INSERT INTO ${table} VALUES (?, ?)
			 ON CONFLICT (at) DO UPDATE SET counts = excluded.counts`,
			...[at, JSON.stringify(sum)],
		);
	}

	/** The minutes from one time to another, in epoch milliseconds, in order. */
	list(since: number, until: number): MinuteCounts[] {
		return this.#tables
			.days()
			.reverse()
			.filter((day) => day >= dayOf(since) && day <= dayOf(until))
			.flatMap((day) =>
				this.#sql
					.exec<{ at: number; counts: string }>(
						`SELECT at, counts FROM ${this.#tables.nameOf(day)} WHERE at > ? AND at < ? ORDER BY at`,
						...[since - MINUTE, until],
					)
					.toArray(),
			)
			.map(({ at, counts }) => ({ at, counts: JSON.parse(counts) }));
	}

	/** Forgets what is known of the tables, after a day was dropped. */
	forget(): void {
		this.#tables.forget();
	}
}
