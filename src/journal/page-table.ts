/** The pages of each day: summaries to search in, and compressed entries. It must not read inside a page. */
import { addAll, capacityOf } from "./bloom.ts";
import { allTables, DayTables, dayOf } from "./day-table.ts";
import type { Page, Summary } from "./page.ts";

/** A page grows up to this many bytes. */
const PAGE_BYTES = 65_536;

/** A stored page without its data. */
export interface StoredSummary extends Summary {
	/** Days since 1970. */
	day: number;
	/** The pages of a day are numbered from 1. */
	id: number;
	/** The version of the Worker that wrote it; empty if it is not known. */
	deploy: string;
}

/** The page that grows. */
type OpenPage = StoredSummary & { bytes: number };

type SqlRow = {
	id: number;
	first: number;
	last: number;
	count: number;
	failures: number;
	names: string;
	handlers: string;
	keys: number;
	bloom: ArrayBuffer;
	deploy: string;
};

const COLUMNS =
	"id, first, last, count, failures, names, handlers, keys, bloom, deploy";

export class PageTable {
	readonly #sql: SqlStorage;
	readonly #tables: DayTables;
	#open: OpenPage | undefined;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.#tables = new DayTables(
			sql,
			"pages",
			1,
			`id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
			count INTEGER NOT NULL, failures INTEGER NOT NULL, names TEXT NOT NULL,
			handlers TEXT NOT NULL, keys INTEGER NOT NULL, bloom BLOB NOT NULL,
			deploy TEXT NOT NULL, data BLOB NOT NULL`,
		);
	}

	/** Stores a page: one row written, whether it becomes a new page or a part of the last one. */
	add(page: Page, deploy: string, now: number): void {
		const day = dayOf(now);
		const table = this.#tables.create(day);
		const open = this.#openPage(day);
		if (open && fits(open, page, deploy)) this.#append(open, page);
		else this.#insert(table, day, page, deploy);
	}

	/** The days that have pages, the latest first. */
	days(): number[] {
		return this.#tables.days();
	}

	/** The days whose pages another version of this code wrote, or will read. */
	unreadableDays(): number[] {
		return allTables(this.#sql)
			.filter(
				({ kind, name, day }) =>
					kind === "pages" && name !== this.#tables.nameOf(day),
			)
			.map(({ day }) => day);
	}

	/** Reads summaries of a day, the latest page first. @param before the id of a page */
	summaries(day: number, before: number, limit: number): StoredSummary[] {
		return this.#sql
			.exec<SqlRow>(
				`SELECT ${COLUMNS} FROM ${this.#tables.nameOf(day)} WHERE id < ? ORDER BY id DESC LIMIT ?`,
				before,
				limit,
			)
			.toArray()
			.map((row) => summaryOf(row, day));
	}

	data(day: number, id: number): Uint8Array | undefined {
		const [row] = this.#sql
			.exec<{ data: ArrayBuffer }>(
				`SELECT data FROM ${this.#tables.nameOf(day)} WHERE id = ?`,
				id,
			)
			.toArray();
		return row && new Uint8Array(row.data);
	}

	/**
	 * Replaces a page by one with as many entries: one row written. Returns false if the page has other data than
	 * `before`, because a batch was appended since it was read.
	 */
	replace(day: number, id: number, before: Uint8Array, page: Page): boolean {
		const { keys, bloom, data } = page;
		const { rowsWritten } = this.#sql.exec(
			`UPDATE ${this.#tables.nameOf(day)} SET keys = ?, bloom = ?, data = ? WHERE id = ? AND data = ?`,
			keys,
			bloom,
			data,
			id,
			before,
		);
		// A batch that is appended next must not bring the old Bloom filter back.
		this.#open = undefined;
		return rowsWritten > 0;
	}

	/** Forgets what is known of the tables, after a day was dropped, or a write was undone. */
	forget(): void {
		this.#tables.forget();
		this.#open = undefined;
	}

	#openPage(day: number): OpenPage | undefined {
		if (this.#open?.day === day) return this.#open;
		const [row] = this.#sql
			.exec<SqlRow & { bytes: number }>(
				`SELECT ${COLUMNS}, length(data) AS bytes FROM ${this.#tables.nameOf(day)} ORDER BY id DESC LIMIT 1`,
			)
			.toArray();
		this.#open = row && { ...summaryOf(row, day), bytes: row.bytes };
		return this.#open;
	}

	#insert(table: string, day: number, page: Page, deploy: string): void {
		const { id } = this.#sql
			.exec<{ id: number }>(
				`INSERT INTO ${table} (first, last, count, failures, names, handlers, keys, bloom, data, deploy)
				 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
				...valuesOf(page),
				deploy,
			)
			.one();
		this.#open = { ...page, day, id, deploy, bytes: page.data.length };
	}

	#append(open: OpenPage, page: Page): void {
		const sum = {
			...open,
			first: Math.min(open.first, page.first),
			last: Math.max(open.last, page.last),
			count: open.count + page.count,
			failures: open.failures + page.failures,
			names: [...new Set([...open.names, ...page.names])],
			handlers: [...new Set([...open.handlers, ...page.handlers])],
			keys: open.keys + page.keys,
			bloom: open.bloom.slice(),
			bytes: open.bytes + page.data.length,
		};
		addAll(sum.bloom, page.bloom);
		// Without the cast, the concatenation would be text.
		this.#sql.exec(
			`UPDATE ${this.#tables.nameOf(open.day)} SET first = ?, last = ?, count = ?, failures = ?,
				names = ?, handlers = ?, keys = ?, bloom = ?, data = CAST(data || ? AS BLOB) WHERE id = ?`,
			...valuesOf({ ...sum, data: page.data }),
			open.id,
		);
		this.#open = sum;
	}
}

function fits(open: OpenPage, page: Page, deploy: string): boolean {
	return (
		open.deploy === deploy &&
		open.bytes + page.data.length <= PAGE_BYTES &&
		open.bloom.length === page.bloom.length &&
		open.keys + page.keys <= capacityOf(open.bloom)
	);
}

function valuesOf(page: Page) {
	const { first, last, count, failures, names, handlers, keys, bloom } = page;
	const lists = [JSON.stringify(names), JSON.stringify(handlers)];
	return [first, last, count, failures, ...lists, keys, bloom, page.data];
}

function summaryOf(row: SqlRow, day: number): StoredSummary {
	const { names, handlers, bloom, ...rest } = row;
	return {
		...rest,
		day,
		names: JSON.parse(names),
		handlers: JSON.parse(handlers),
		bloom: new Uint8Array(bloom),
	};
}
