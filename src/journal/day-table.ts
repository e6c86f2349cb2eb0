/**
 * Names, lists and drops the tables of the journal's days. It must not read their rows.
 *
 * A day's tables are dropped whole, because a DROP writes no rows and a DELETE writes one for each row. A name contains
 * the version of the format: a table of another version is not read, and is dropped on its day.
 */

const DAY = 86_400_000;

const FORM = /^(pages|minutes)_v(\d+)_(\d+)$/;

type TableKind = "pages" | "minutes";

export class DayTables {
	readonly #sql: SqlStorage;
	readonly #kind: TableKind;
	readonly #version: number;
	readonly #columns: string;
	#created: number | undefined;

	/** @param columns of each table, as in `CREATE TABLE` */
	constructor(
		sql: SqlStorage,
		kind: TableKind,
		version: number,
		columns: string,
	) {
		this.#sql = sql;
		this.#kind = kind;
		this.#version = version;
		this.#columns = columns;
	}

	nameOf(day: number): string {
		return `${this.#kind}_v${this.#version}_${day}`;
	}

	/** Creates the table of a day, if it is missing. Returns its name. */
	create(day: number): string {
		const name = this.nameOf(day);
		if (this.#created !== day)
			this.#sql.exec(`CREATE TABLE IF NOT EXISTS ${name} (${this.#columns})`);
		this.#created = day;
		return name;
	}

	/** The days that have a table, the latest first. */
	days(): number[] {
		return allTables(this.#sql)
			.filter(
				({ kind, version }) => kind === this.#kind && version === this.#version,
			)
			.map(({ day }) => day)
			.sort((a, b) => b - a);
	}

	forget(): void {
		this.#created = undefined;
	}
}

interface DayTable {
	name: string;
	kind: string;
	version: number;
	day: number;
}

/** The tables of all days, also those of other versions. */
export function allTables(sql: SqlStorage): DayTable[] {
	return sql
		.exec<{ name: string }>(
			"SELECT name FROM sqlite_master WHERE type = 'table'",
		)
		.toArray()
		.flatMap(({ name }) => {
			const match = FORM.exec(name);
			if (!match) return [];
			const [, kind = "", version, day] = match;
			return { name, kind, version: Number(version), day: Number(day) };
		});
}

/** Drops the tables that a condition holds for. Returns their days. */
export function dropTables(
	sql: SqlStorage,
	isOver: (day: number) => boolean,
): number[] {
	const over = allTables(sql).filter(({ day }) => isOver(day));
	for (const { name } of over) sql.exec(`DROP TABLE ${name}`);
	return over.map(({ day }) => day);
}

/** Returns the days since 1970. @param time epoch milliseconds */
export function dayOf(time: number): number {
	return Math.floor(time / DAY);
}

/** Formats a day since 1970 as `2027-01-14`. */
export function dateOf(day: number): string {
	return new Date(day * DAY).toISOString().slice(0, 10);
}
