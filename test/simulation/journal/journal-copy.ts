/** Copies what the journal has committed, entry by entry, also what it drops later. It judges nothing. */
import { inflateRawSync } from "node:zlib";
import type { Counts } from "../../../src/journal/counters.ts";
import type { Entry } from "../../../src/journal/entry.ts";
import { partsIn } from "../../../src/journal/page.ts";
import type { Database } from "../../../src/testing/platform/database.ts";

export const JOURNAL = "Journal/journal-0";

/** A table, alone or before the id of a row. */
const TABLE = /^(?:pages|minutes)_v1_(\d+)(?: |$)/;

export interface CopiedEntry {
	/** Days since 1970: that of its table. */
	day: number;
	entry: Entry;
}

export class JournalCopy {
	readonly entries: CopiedEntry[] = [];
	/** The days that the journal has not dropped. */
	days: ReadonlySet<number> = new Set();
	/** The counts of each minute as JSON, by their table and time. */
	readonly #minutes = new Map<string, string>();
	/** The same of dropped days. A clock that runs late can create the table of such a day again. */
	readonly #droppedMinutes: string[] = [];
	/** Bytes of each page that are copied, by its table and id. */
	readonly #copied = new Map<string, number>();

	/** Returns the entries and the days that this commit has added, and the days that it has dropped. */
	commit(database: Database): { added: CopiedEntry[]; dropped: number[] } {
		const added: CopiedEntry[] = [];
		const days = new Set<number>();
		for (const name of tablesOf(database)) {
			const day = Number(TABLE.exec(name)?.[1]);
			days.add(day);
			if (name.startsWith("pages")) added.push(...this.#read(database, name));
			else
				for (const { at, counts } of database.all(`SELECT * FROM ${name}`))
					this.#minutes.set(`${name} ${at}`, String(counts));
		}
		const dropped = [...this.days].filter((day) => !days.has(day));
		for (const day of dropped) this.#drop(day);
		this.days = days;
		this.entries.push(...added);
		return { added, dropped };
	}

	counts(): Counts[] {
		const all = [...this.#droppedMinutes, ...this.#minutes.values()];
		return all.map((counts) => JSON.parse(counts));
	}

	#drop(day: number): void {
		const isOf = (key: string) => Number(TABLE.exec(key)?.[1]) === day;
		for (const page of this.#copied.keys())
			if (isOf(page)) this.#copied.delete(page);
		for (const [minute, counts] of this.#minutes) {
			if (!isOf(minute)) continue;
			this.#minutes.delete(minute);
			this.#droppedMinutes.push(counts);
		}
	}

	#read(database: Database, table: string): CopiedEntry[] {
		const day = Number(TABLE.exec(table)?.[1]);
		const sizes = database.all(
			`SELECT id, length(data) AS bytes FROM ${table} ORDER BY id`,
		);
		return sizes.flatMap(({ id, bytes }) => {
			const page = `${table} ${id}`;
			const copied = this.#copied.get(page) ?? 0;
			if (bytes === copied) return [];
			this.#copied.set(page, Number(bytes));
			const [row] = database.all(
				`SELECT substr(data, ?) AS data FROM ${table} WHERE id = ?`,
				[copied + 1, Number(id)],
			);
			const entries = entriesIn(row?.data as unknown as Uint8Array);
			return entries.map((entry) => ({ day, entry }));
		});
	}
}

function tablesOf(database: Database): string[] {
	return database
		.all("SELECT name FROM sqlite_schema WHERE type = 'table'")
		.map(({ name }) => String(name))
		.filter((name) => TABLE.test(name));
}

/** Parts with a header, as `page.ts` writes them. */
function entriesIn(data: Uint8Array): Entry[] {
	return partsIn(data).flatMap(({ compressed }) =>
		JSON.parse(inflateRawSync(compressed).toString()),
	);
}
