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

type Sums = Map<number, Counts>;

/** The counts of a day from its start until a time, summed by the start of their interval. */
interface PassedMinutes {
	until: number;
	sums: Sums;
}

export class MinuteTable {
	readonly #sql: SqlStorage;
	readonly #tables: DayTables;
	/** By day and step. */
	readonly #passed = new Map<string, PassedMinutes>();
	/** The latest `until` of them. */
	#passedUntil = 0;

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
		// The clock was set back.
		if (at < this.#passedUntil) this.#passed.clear();
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
		const passed = Math.floor(Date.now() / MINUTE) * MINUTE;
		const sums: Sums = new Map();
		for (const day of this.#tables.days().reverse()) {
			if (day < dayOf(since) || day > dayOf(until)) continue;
			const end = Math.min(passed, (day + 1) * DAY);
			const isWhole = since <= day * DAY && end <= until;
			const from = isWhole
				? this.#sumPassed(day, end, step, sums)
				: since - MINUTE + 1;
			this.#sumRows(day, from, until, step, sums);
		}
		return [...sums].map(([at, counts]) => ({ at, counts }));
	}

	/**
	 * Reads only the minutes that have passed since the last time. They do not change any more, and a chart of a week
	 * would read 10 000 rows every 5 seconds. Returns the end of those that are summed.
	 */
	#sumPassed(day: number, end: number, step: number, sums: Sums): number {
		const key = `${day} ${step}`;
		const known = this.#passed.get(key) ?? {
			until: day * DAY,
			sums: new Map(),
		};
		if (known.until < end)
			this.#sumRows(day, known.until, end, step, known.sums);
		const until = Math.max(known.until, end);
		this.#passed.set(key, { ...known, until });
		this.#passedUntil = Math.max(this.#passedUntil, until);
		for (const [at, counts] of known.sums) addTo(sums, at, counts);
		return until;
	}

	/** @param from inclusive; `until` is exclusive */
	#sumRows(
		day: number,
		from: number,
		until: number,
		step: number,
		sums: Sums,
	): void {
		const rows = this.#sql.exec<{ at: number; counts: string }>(
			`SELECT at, counts FROM ${this.#tables.nameOf(day)} WHERE at >= ? AND at < ? ORDER BY at`,
			from,
			until,
		);
		for (const { at, counts } of rows)
			addTo(sums, Math.floor(at / step) * step, JSON.parse(counts));
	}

	/** Forgets what is known of the tables, after a day was dropped, or a write was undone. */
	forget(): void {
		this.#passed.clear();
		this.#tables.forget();
	}
}

function addTo(sums: Sums, at: number, counts: Counts): void {
	sums.set(at, addCounts(sums.get(at) ?? NO_COUNTS, counts));
}
