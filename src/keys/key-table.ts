/**
 * The idempotency keys of each hour, in a table of their own, which is dropped whole: a DROP writes no rows and a
 * DELETE writes one for each row.
 */

const HOUR = 3_600_000;

/** How long a key is stored at least, in milliseconds. */
export const RETENTION = 24 * HOUR;

const FORM = /^keys_v1_(\d+)$/;

type SqlRow = {
	content: string;
	id: string;
	time: number;
	reserved_at: number;
	receipt: string | null;
};

interface StoredKey {
	/** A digest of what is published. */
	content: string;
	/** The event's id and time. */
	id: string;
	time: number;
	/** Epoch milliseconds. */
	reservedAt: number;
	/** JSON; null until the event is stored. */
	receipt: string | null;
}

export class KeyTable {
	readonly #sql: SqlStorage;
	/** Hours that have a table, the latest first. */
	#hours: number[];

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.#hours = sql
			.exec<{ name: string }>(
				"SELECT name FROM sqlite_master WHERE type = 'table'",
			)
			.toArray()
			// The platform has tables of its own.
			.flatMap(({ name }) => FORM.exec(name)?.[1] ?? [])
			.map(Number)
			.sort((a, b) => b - a);
	}

	/** Finds a key that is not older than its retention. @param now epoch milliseconds, here and below */
	find(key: string, now: number): StoredKey | undefined {
		for (const hour of this.#recent(now)) {
			const [row] = this.#sql
				.exec<SqlRow>(
					`SELECT content, id, time, reserved_at, receipt FROM keys_v1_${hour} WHERE key = ?`,
					key,
				)
				.toArray();
			if (!row) continue;
			const { reserved_at: reservedAt, ...rest } = row;
			return { ...rest, reservedAt };
		}
		return undefined;
	}

	/** Stores a new key: one row written. */
	reserve(
		{
			key,
			content,
			id,
			time,
		}: { key: string } & Pick<StoredKey, "content" | "id" | "time">,
		now: number,
	): void {
		const hour = Math.floor(now / HOUR);
		if (!this.#hours.includes(hour)) this.#create(hour);
		this.#sql.exec(
			`INSERT INTO keys_v1_${hour} VALUES (?, ?, ?, ?, ?, NULL)`,
			key,
			content,
			id,
			time,
			now,
		);
	}

	/** One row written. */
	confirm(key: string, receipt: string, now: number): void {
		this.#update(key, now, "receipt", receipt);
	}

	/** The reservation begins again: one row written. */
	renew(key: string, now: number): void {
		this.#update(key, now, "reserved_at", now);
	}

	/** The next call takes the reservation over: one row written. */
	release(key: string, now: number): void {
		this.#update(key, now, "reserved_at", 0);
	}

	/** Drops the hours that end before a time, in epoch milliseconds. */
	dropBefore(time: number): void {
		const first = Math.floor(time / HOUR);
		// If a storage error interrupts it, some are gone the next time.
		for (const hour of this.#hours.filter((hour) => hour < first))
			this.#sql.exec(`DROP TABLE IF EXISTS keys_v1_${hour}`);
		this.#hours = this.#hours.filter((hour) => hour >= first);
	}

	isEmpty(): boolean {
		return this.#hours.length === 0;
	}

	#recent(now: number): number[] {
		const first = Math.floor((now - RETENTION) / HOUR);
		return this.#hours.filter((hour) => hour >= first);
	}

	#create(hour: number): void {
		this.#sql.exec(`CREATE TABLE keys_v1_${hour} (
			key TEXT PRIMARY KEY, content TEXT NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL,
			reserved_at INTEGER NOT NULL, receipt TEXT
		) WITHOUT ROWID`);
		this.#hours = [hour, ...this.#hours].sort((a, b) => b - a);
	}

	#update(
		key: string,
		now: number,
		column: "receipt" | "reserved_at",
		value: string | number,
	): void {
		for (const hour of this.#recent(now)) {
			const { rowsWritten } = this.#sql.exec(
				`UPDATE keys_v1_${hour} SET ${column} = ? WHERE key = ?`,
				value,
				key,
			);
			if (rowsWritten > 0) return;
		}
	}
}

/** When the oldest hour can be dropped, in epoch milliseconds. */
export function nextDropAt(now: number): number {
	return (Math.floor(now / HOUR) + 1) * HOUR;
}
