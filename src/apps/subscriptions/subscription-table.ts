/**
 * The subscriptions of one event in SQLite, indexed by the fields of their keys. Each method is one synchronous step.
 * A match must not read more rows because there are more subscriptions with other keys.
 */
import { log } from "../../platform/log.ts";
import type { Subscription, SubscriptionQuery } from "./subscription.ts";
import type { SubscriptionKey } from "./subscription-key.ts";

type SqlRow = { id: number; app: string; tool: string; key: string };

type Field = SubscriptionKey[number];

/** Rows read at once for a filter of several fields. */
const CHUNK = 64;

export class SubscriptionTable {
	readonly #storage: DurableObjectStorage;
	readonly #sql: SqlStorage;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		// AUTOINCREMENT: an id is never used again, even after its row is deleted.
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

	/** Stores one subscription for each app and key. A second one with another tool replaces the tool. */
	add(app: string, tool: string, key: SubscriptionKey): number {
		return this.#storage.transactionSync(() => {
			const text = keyText(key);
			const known = this.#find(app, text);
			if (known) {
				if (known.tool !== tool)
					this.#sql.exec(
						"UPDATE subscription SET tool = ? WHERE id = ?",
						tool,
						known.id,
					);
				return known.id;
			}
			const { id } = this.#sql
				.exec<{ id: number }>(
					"INSERT INTO subscription (app, tool, key) VALUES (?, ?, ?) RETURNING id",
					app,
					tool,
					text,
				)
				.one();
			for (const [name, value] of key)
				this.#sql.exec(
					"INSERT INTO field (name, value, id) VALUES (?, ?, ?)",
					name,
					valueText(value),
					id,
				);
			return id;
		});
	}

	/** Returns false if there is no such subscription. */
	remove(app: string, key: SubscriptionKey): boolean {
		return this.#storage.transactionSync(() => {
			const known = this.#find(app, keyText(key));
			if (!known) return false;
			this.#sql.exec("DELETE FROM subscription WHERE id = ?", known.id);
			for (const [name, value] of key)
				this.#sql.exec(
					"DELETE FROM field WHERE name = ? AND value = ? AND id = ?",
					name,
					valueText(value),
					known.id,
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

	/** Finds subscriptions whose keys have every field of the filter. An empty filter matches all. */
	match(filter: SubscriptionKey, after: number, limit: number): Subscription[] {
		const [first] = filter;
		if (!first)
			return this.#rows(
				"SELECT * FROM subscription WHERE id > ? ORDER BY id LIMIT ?",
				after,
				limit,
			);
		if (filter.length === 1) return this.#withField(first, after, limit);
		const found: Subscription[] = [];
		for (let position = after; found.length < limit; ) {
			const rows = this.#withField(
				this.#rarest(filter, position),
				position,
				CHUNK,
			);
			for (const row of rows) if (hasAll(row.key, filter)) found.push(row);
			const last = rows.at(-1);
			if (!last || rows.length < CHUNK) break;
			position = last.id;
		}
		return found.slice(0, limit);
	}

	list({ app, key, after = 0, limit }: SubscriptionQuery): Subscription[] {
		const given = { app, key: key && keyText(key) };
		const filters = Object.entries(given).filter(
			([, value]) => value !== undefined,
		);
		return this.#rows(
			`SELECT * FROM subscription WHERE id > ?
			 ${filters.map(([column]) => `AND ${column} = ?`).join(" ")} ORDER BY id LIMIT ?`,
			after,
			...filters.map(([, value]) => value as string),
			limit,
		);
	}

	/**
	 * Finds the rarest field of a filter from an id on. A chunk of the rarest field reaches the highest id. It is
	 * chosen anew for each chunk, because ids may be distributed unevenly.
	 */
	#rarest(filter: SubscriptionKey, after: number): Field {
		let rarest = filter[0] as Field;
		let furthest = -1;
		for (const field of filter) {
			const [name, value] = field;
			const ids = this.#sql
				.exec<{ id: number }>(
					"SELECT id FROM field WHERE name = ? AND value = ? AND id > ? ORDER BY id LIMIT ?",
					name,
					valueText(value),
					after,
					CHUNK,
				)
				.toArray();
			const reach =
				ids.length < CHUNK
					? Number.MAX_SAFE_INTEGER - ids.length
					: (ids.at(-1)?.id ?? 0);
			if (reach > furthest) [rarest, furthest] = [field, reach];
		}
		return rarest;
	}

	#withField([name, value]: Field, after: number, limit: number) {
		return this.#rows(
			`SELECT subscription.* FROM field CROSS JOIN subscription USING (id)
			 WHERE field.name = ? AND field.value = ? AND field.id > ? ORDER BY field.id LIMIT ?`,
			name,
			valueText(value),
			after,
			limit,
		);
	}

	#find(app: string, key: string): Subscription | undefined {
		return this.#rows(
			"SELECT * FROM subscription WHERE key = ? AND app = ?",
			key,
			app,
		)[0];
	}

	#rows(query: string, ...bound: SqlStorageValue[]): Subscription[] {
		return this.#sql
			.exec<SqlRow>(query, ...bound)
			.toArray()
			.map(({ key, ...row }) => ({ ...row, key: keyIn(key, row) }));
	}
}

/** One key that cannot be read must not hide the other subscriptions of a list. */
function keyIn(text: string, row: Omit<SqlRow, "key">): SubscriptionKey {
	try {
		return JSON.parse(text);
	} catch {
		const { id: subscription, app, tool } = row;
		log("row_unreadable", { subscription, app, tool });
		return [];
	}
}

/** Sorts the fields by name, because an app may list them in another order in its next deploy. */
function keyText(key: SubscriptionKey): string {
	const fields = [...key].sort(([one], [other]) => (one < other ? -1 : 1));
	return JSON.stringify(fields);
}

/** Encodes a value for storage and comparison: `1` and `"1"` differ. */
function valueText(value: Field[1]): string {
	return JSON.stringify(value);
}

function hasAll(key: SubscriptionKey, filter: SubscriptionKey): boolean {
	const fields = new Set(key.map((field) => JSON.stringify(field)));
	return filter.every((field) => fields.has(JSON.stringify(field)));
}
