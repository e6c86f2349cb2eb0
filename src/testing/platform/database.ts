/**
 * The disk of one object: its tables, keys and alarm in one SQLite database. When the object crashes, all writes since
 * the last commit are lost together.
 */
import type { StatementSync } from "node:sqlite";

type Value = string | number | null | Uint8Array;
type Row = Record<string, Value>;

// Imported at run time: an older Node would fail without saying which version is needed.
const sqlite = process.getBuiltinModule?.("node:sqlite");
if (!sqlite)
	throw new Error(
		`tidings/testing: Node ${process.versions.node} has no node:sqlite; use Node 22.16 or later`,
	);
const { DatabaseSync } = sqlite;

const PAGE_BYTES = 4_096;

/** The result of `sql.exec`. */
export interface Cursor {
	readonly rowsWritten: number;
	toArray(): Row[];
	one(): Row;
	[Symbol.iterator](): Iterator<Row>;
}

export class Database {
	readonly #db = new DatabaseSync(":memory:");
	readonly #statements = new Map<string, StatementSync>();
	/** Bytes that the database has in addition to those of its rows. */
	ballast = 0;
	#isOpen = false;
	#savepoints = 0;

	constructor() {
		this.create();
	}

	create(): void {
		this.#db.exec(`
			CREATE TABLE _key (key TEXT PRIMARY KEY, value TEXT NOT NULL);
			CREATE TABLE _alarm (one INTEGER PRIMARY KEY, at REAL NOT NULL, setting INTEGER NOT NULL);
		`);
	}

	/** Whether there are uncommitted writes. */
	get isDirty(): boolean {
		return this.#isOpen;
	}

	/** Whether SQLite itself has rolled back the uncommitted writes, as it does when a disk fails or is full. */
	get isLost(): boolean {
		return this.#isOpen && !this.#db.isTransaction;
	}

	/** In bytes. */
	get size(): number {
		const [row] = this.all("PRAGMA page_count");
		return Number(row?.page_count) * PAGE_BYTES + this.ballast;
	}

	exec(query: string, bound: readonly Value[]): Cursor {
		const text = query.trimStart();
		if (text.startsWith("SELECT")) return cursorOf(this.all(query, bound), 0);
		this.#begin();
		if (text.startsWith("CREATE")) {
			this.#db.exec(query);
			return cursorOf([], 0);
		}
		if (text.includes("RETURNING")) {
			const rows = this.all(query, bound);
			return cursorOf(rows, rows.length);
		}
		const { changes } = this.#statement(query).run(...bound);
		return cursorOf([], Number(changes));
	}

	all(query: string, bound: readonly Value[] = []): Row[] {
		return this.#statement(query).all(...bound) as Row[];
	}

	run(query: string, ...bound: Value[]): void {
		this.#begin();
		this.#statement(query).run(...bound);
	}

	transaction<Result>(act: () => Result): Result {
		this.#begin();
		const name = `s${this.#savepoints++}`;
		this.#db.exec(`SAVEPOINT ${name}`);
		try {
			const result = act();
			this.#db.exec(`RELEASE ${name}`);
			return result;
		} catch (error) {
			if (this.#db.isTransaction)
				this.#db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
			throw error;
		}
	}

	commit(): void {
		if (this.#isOpen) this.#db.exec("COMMIT");
		this.#isOpen = false;
	}

	rollback(): void {
		if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
		this.#isOpen = false;
	}

	/** Deletes all tables and keys, as `deleteAll` does. The alarm stays. */
	clear(): void {
		this.#begin();
		const tables = this.all(
			"SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> '_alarm'",
		);
		for (const { name } of tables)
			if (name === "_key" || name === "sqlite_sequence")
				this.run(`DELETE FROM ${name}`);
			else this.#db.exec(`DROP TABLE ${name}`);
		this.#statements.clear();
	}

	/**
	 * Counts the rows, without the alarm, without the last claim, which the next claim overwrites, and without SQLite's
	 * own table of used ids.
	 */
	count(): number {
		const tables = this.all(
			"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('_alarm', 'claim', 'sqlite_sequence')",
		);
		return tables.reduce((sum, { name }) => {
			const [row] = this.all(`SELECT count(*) AS rows FROM ${name}`);
			return sum + Number(row?.rows);
		}, 0);
	}

	has(table: string): boolean {
		const query = "SELECT 1 FROM sqlite_schema WHERE name = ?";
		return this.all(query, [table]).length > 0;
	}

	close(): void {
		this.#db.close();
	}

	#begin(): void {
		if (this.#isOpen) return;
		this.#db.exec("BEGIN");
		this.#isOpen = true;
	}

	#statement(query: string): StatementSync {
		let statement = this.#statements.get(query);
		if (!statement) {
			statement = this.#db.prepare(query);
			this.#statements.set(query, statement);
		}
		return statement;
	}
}

function cursorOf(rows: Row[], rowsWritten: number): Cursor {
	return {
		rowsWritten,
		toArray: () => rows,
		one() {
			const [row] = rows;
			if (!row || rows.length > 1)
				throw new Error(`expected one row, there are ${rows.length}`);
			return row;
		},
		[Symbol.iterator]: () => rows[Symbol.iterator](),
	};
}
