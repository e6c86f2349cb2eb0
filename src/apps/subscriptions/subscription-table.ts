/**
 * The subscriptions of one event in SQLite, found by the fields of their keys. Every method is one synchronous
 * step; what a match reads does not grow with the subscriptions of others.
 */
import type { Subscription, SubscriptionQuery } from "./subscription.ts";
import type { Key, KeyValue } from "./subscription-key.ts";

type Row = { id: number; app: string; tool: string; key: string };

type Field = Key[number];

/** Rows looked at in one go where a filter names several fields. */
const STRIDE = 64;

export class SubscriptionTable {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		// AUTOINCREMENT: an id that was given once is not given again, whatever is deleted.
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS subscription (
				id INTEGER PRIMARY KEY AUTOINCREMENT,
				app TEXT NOT NULL, tool TEXT NOT NULL, key TEXT NOT NULL,
				UNIQUE (key, app)
			);
			CREATE INDEX IF NOT EXISTS subscription_app ON subscription (app);
			CREATE TABLE IF NOT EXISTS field (
				name TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL,
				PRIMARY KEY (name, value, id)
			) WITHOUT ROWID;
		`);
	}

	/** One for each app and key: it keeps its id, and takes another tool in the place of its own. */
	add(app: string, tool: string, key: Key): number {
		return this.#storage.transactionSync(() => {
			const text = textOfKey(key);
			const known = this.#one(app, text);
			if (known) {
				if (known.tool !== tool)
					this.#sql.exec(
						"UPDATE subscription SET tool = ? WHERE id = ?",
						...[tool, known.id],
					);
				return known.id;
			}
			const { id } = this.#sql
				.exec<{ id: number }>(
					"INSERT INTO subscription (app, tool, key) VALUES (?, ?, ?) RETURNING id",
					...[app, tool, text],
				)
				.one();
			for (const [name, value] of key)
				this.#sql.exec(
					"INSERT INTO field (name, value, id) VALUES (?, ?, ?)",
					...[name, textOf(value), id],
				);
			return id;
		});
	}

	/** Whether there was one. */
	remove(app: string, key: Key): boolean {
		return this.#storage.transactionSync(() => {
			const known = this.#one(app, textOfKey(key));
			if (!known) return false;
			this.#sql.exec("DELETE FROM subscription WHERE id = ?", known.id);
			for (const [name, value] of key)
				this.#sql.exec(
					"DELETE FROM field WHERE name = ? AND value = ? AND id = ?",
					...[name, textOf(value), known.id],
				);
			return true;
		});
	}

	find(id: number): Subscription | null {
		const [row] = this.#rows("SELECT * FROM subscription WHERE id = ?", id);
		return row ?? null;
	}

	isEmpty(): boolean {
		return this.#rows("SELECT * FROM subscription LIMIT 1").length === 0;
	}

	count(): number {
		return this.#sql
			.exec<{ count: number }>("SELECT count(*) AS count FROM subscription")
			.one().count;
	}

	/** Those whose keys have every field of the filter; all, where it names none. */
	match(filter: Key, after: number, limit: number): Subscription[] {
		const [first] = filter;
		if (!first)
			return this.#rows(
				"SELECT * FROM subscription WHERE id > ? ORDER BY id LIMIT ?",
				...[after, limit],
			);
		if (filter.length === 1) return this.#carrying(first, after, limit);
		const found: Subscription[] = [];
		for (let place = after; found.length < limit; ) {
			const rows = this.#carrying(this.#rarest(filter, place), place, STRIDE);
			for (const row of rows) if (carries(row.key, filter)) found.push(row);
			const last = rows.at(-1);
			if (!last || rows.length < STRIDE) break;
			place = last.id;
		}
		return found.slice(0, limit);
	}

	list({ app, key, after = 0, limit }: SubscriptionQuery): Subscription[] {
		const given = { app, key: key && textOfKey(key) };
		const filters = Object.entries(given).filter(
			([, value]) => value !== undefined,
		);
		return this.#rows(
			`SELECT * FROM subscription WHERE id > ?
			 ${filters.map(([column]) => `AND ${column} = ?`).join(" ")} ORDER BY id LIMIT ?`,
			...[after, ...filters.map(([, value]) => value as string), limit],
		);
	}

	/**
	 * The field whose next rows reach furthest, for there it has the fewest. Looked at again for each stride, so
	 * that no match reads more than a few strides beyond what its rarest field has.
	 */
	#rarest(filter: Key, after: number): Field {
		let rarest = filter[0] as Field;
		let furthest = -1;
		for (const field of filter) {
			const [name, value] = field;
			const ids = this.#sql
				.exec<{ id: number }>(
					"SELECT id FROM field WHERE name = ? AND value = ? AND id > ? ORDER BY id LIMIT ?",
					...[name, textOf(value), after, STRIDE],
				)
				.toArray();
			const reach =
				ids.length < STRIDE
					? Number.MAX_SAFE_INTEGER - ids.length
					: (ids.at(-1)?.id ?? 0);
			if (reach > furthest) [rarest, furthest] = [field, reach];
		}
		return rarest;
	}

	#carrying([name, value]: Field, after: number, limit: number) {
		return this.#rows(
			`SELECT subscription.* FROM field CROSS JOIN subscription USING (id)
			 WHERE field.name = ? AND field.value = ? AND field.id > ? ORDER BY field.id LIMIT ?`,
			...[name, textOf(value), after, limit],
		);
	}

	#one(app: string, key: string): Subscription | undefined {
		return this.#rows(
			"SELECT * FROM subscription WHERE key = ? AND app = ?",
			...[key, app],
		)[0];
	}

	#rows(query: string, ...bound: SqlStorageValue[]): Subscription[] {
		return this.#sql
			.exec<Row>(query, ...bound)
			.toArray()
			.map(({ key, ...row }) => ({ ...row, key: JSON.parse(key) as Key }));
	}
}

/** By the names of its fields, for an app may list them in another order with its next deploy. */
function textOfKey(key: Key): string {
	const fields = [...key].sort(([one], [other]) => (one < other ? -1 : 1));
	return JSON.stringify(fields);
}

/** A value as it is kept and compared: `1` and `"1"` are two. */
function textOf(value: KeyValue): string {
	return JSON.stringify(value);
}

function carries(key: Key, filter: Key): boolean {
	const texts = new Set(key.map((field) => JSON.stringify(field)));
	return filter.every((field) => texts.has(JSON.stringify(field)));
}
