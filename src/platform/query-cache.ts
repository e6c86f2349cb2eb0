/**
 * Caches the rows of queries until a row of the database changes: viewers open the same pages again and again. It must
 * not be used in a transaction, which may be undone without a change that it could see.
 */

/** Queries whose rows are cached. With more, all are dropped. */
const MOST = 20;

type Row = Record<string, SqlStorageValue>;

export class QueryCache {
	readonly #sql: Pick<SqlStorage, "exec">;
	readonly #results = new Map<string, readonly Row[]>();
	/** Rows that had changed since the object started, when the cached rows were read. */
	#changes = 0;

	constructor(sql: Pick<SqlStorage, "exec">) {
		this.#sql = sql;
	}

	/** Returns the rows of a query that changes none. They are shared, and few enough to be kept. */
	rows<Result extends Row>(
		query: string,
		...bound: (string | number)[]
	): readonly Result[] {
		const { changes } = this.#sql
			.exec<{ changes: number }>("SELECT total_changes() AS changes")
			.one();
		if (changes !== this.#changes || this.#results.size >= MOST)
			this.#results.clear();
		this.#changes = changes;
		const key = JSON.stringify([query, bound]);
		const rows =
			this.#results.get(key) ??
			this.#sql.exec<Result>(query, ...bound).toArray();
		this.#results.set(key, rows);
		return rows as readonly Result[];
	}

	/** Returns the only row of such a query. */
	row<Result extends Row>(
		query: string,
		...bound: (string | number)[]
	): Result {
		return this.rows<Result>(query, ...bound)[0] as Result;
	}
}
