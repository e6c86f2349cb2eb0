/**
 * The waiting deliveries among the rows of one scheduler shard, in SQLite. It lists them, makes them due at once and
 * cancels them. It must change neither a claimed delivery nor a dead letter on its way to its store.
 */

import { CLOCK_SKEW } from "../event/limits.ts";
import {
	attemptOf,
	type CancelledDelivery,
	type DeliveryCancel,
	type DeliveryKey,
	type DeliveryPosition,
	type RowSearch,
	type ScheduledRow,
	type StoredDelivery,
	versionOf,
} from "../event/scheduled-row.ts";
import type { Filter } from "../lists/filter.ts";
import type { ClaimTable, TableStorage } from "./claim-table.ts";
import { isMatch } from "./delivery-filter.ts";

/** Rows that one call reads. */
const SCANNED = 2_000;

/** How long a cancelled delivery rejects duplicates, in milliseconds. A message waits in its queue for less. */
export const CANCEL_RETENTION = 86_400_000;

/** The total in the record to which the wait for a handler or its Worker was added when the delivery was stored. */
const TOTAL = `CASE json_extract(waiting, '$.reason')
	WHEN 'unknown_handler' THEN '$.delivery.unknownFor'
	WHEN 'worker_unreachable' THEN '$.delivery.unreachableFor' END`;

/**
 * The record without the rest of a wait that ends at ?3. Otherwise a person who tries a delivery several times would
 * use up the total after which it is dead. SQLite leaves the text of all other members unchanged.
 */
const SHORTER_WAIT = `iif(due_at > ?3 AND json_valid(record) AND json_extract(record, ${TOTAL}) > 0,
	json_set(record, ${TOTAL}, max(0, json_extract(record, ${TOTAL}) - CAST(due_at - ?3 AS INTEGER))), record)`;

type WaitingRow = {
	id: string;
	handler: string;
	name: string;
	due_at: number;
	version: number;
	/** JSON text. */
	waiting: string;
};

export class DeliveryTable {
	readonly #sql: TableStorage["sql"];
	readonly #claims: Pick<ClaimTable, "dueAtOf">;

	/** The table `scheduled` must exist. */
	constructor(sql: TableStorage["sql"], claims: Pick<ClaimTable, "dueAtOf">) {
		this.#sql = sql;
		this.#claims = claims;
	}

	/** Lists unclaimed deliveries that match a filter, the earliest due time first. `end` is the last row that was read. */
	list(
		{ dueAt, id, handler }: DeliveryPosition,
		filter: Filter,
		limit: number,
	): RowSearch<StoredDelivery> {
		const rows = this.#sql.exec<WaitingRow>(
			`SELECT id, handler, name, due_at, version, waiting FROM scheduled
			 WHERE (handler = '') = 0 AND (due_at, id, handler) > (?, ?, ?) AND waiting IS NOT NULL
			 ORDER BY due_at, id, handler LIMIT ?`,
			dueAt,
			id,
			handler,
			SCANNED,
		);
		const found: StoredDelivery[] = [];
		let read = 0;
		for (const row of rows) {
			read++;
			const delivery = deliveryOf(row);
			const { id, handler, dueAt } = delivery;
			if (
				this.#claims.dueAtOf(id, handler) === null &&
				isMatch(delivery, filter)
			)
				found.push(delivery);
			if (found.length === limit || read === SCANNED)
				return { found, end: { dueAt, id, handler } };
		}
		return { found };
	}

	/** Returns null if it does not wait here (any more). */
	find({ id, handler }: DeliveryKey): StoredDelivery | null {
		if (this.#claims.dueAtOf(id, handler) !== null) return null;
		const [row] = this.#sql
			.exec<WaitingRow>(
				`SELECT id, handler, name, due_at, version, waiting FROM scheduled
				 WHERE id = ? AND handler = ? AND waiting IS NOT NULL`,
				id,
				handler,
			)
			.toArray();
		return row ? deliveryOf(row) : null;
	}

	/** Makes a delivery due now. Returns the name of its event; null if it does not wait here (any more). */
	retry(key: DeliveryKey, now: number): string | null {
		// SQLite sets all columns from the old row.
		const changes = `due_at = min(due_at, ?3), record = ${SHORTER_WAIT}`;
		return this.#update(key, changes, now)?.name ?? null;
	}

	/**
	 * Cancels a delivery, except one of a later replay than `released`, which it returns unchanged. Returns null if it
	 * does not wait here (any more). The row stays for a day without its record, so that a duplicate does not store the
	 * delivery again.
	 */
	cancel(
		{ released = 0, ...key }: DeliveryCancel,
		now: number,
	): CancelledDelivery | null {
		const cancelled = this.#update(
			key,
			"due_at = ?3, reference = NULL, waiting = NULL, record = ''",
			now + CANCEL_RETENTION,
			versionOf({ replay: released + 1, attempt: 0 }),
		);
		const found = cancelled ?? this.find(key);
		return found && { name: found.name, version: found.version };
	}

	#update(
		{ id, handler }: DeliveryKey,
		changes: string,
		time: number,
		versionBelow = Number.MAX_SAFE_INTEGER,
	): CancelledDelivery | null {
		if (this.#claims.dueAtOf(id, handler) !== null) return null;
		const [row] = this.#sql
			.exec<{ name: string; version: number }>(
				`UPDATE scheduled SET ${changes}
				 WHERE id = ?1 AND handler = ?2 AND waiting IS NOT NULL AND version < ?4 RETURNING name, version`,
				id,
				handler,
				time,
				versionBelow,
			)
			.toArray();
		return row ?? null;
	}
}

function deliveryOf({ due_at, waiting, ...row }: WaitingRow): StoredDelivery {
	return { ...row, dueAt: due_at, waiting: JSON.parse(waiting) };
}

/**
 * Returns which cancelled row this row may replace: one that is due until a time, or has a version below another.
 *
 * A later replay always may. Otherwise the first attempt, or if there was none the message, must be newer than the
 * cancel. Allows for clock skew, and accepts an unknown time: a duplicate is better than a loss.
 */
export function replaceableBy({ waiting, sentAt, version }: ScheduledRow): {
	dueUntil: number;
	versionBelow: number;
} {
	const startedAt = waiting?.firstAttemptAt ?? sentAt;
	const dueUntil =
		startedAt === undefined
			? Number.MAX_SAFE_INTEGER
			: startedAt + CLOCK_SKEW + CANCEL_RETENTION;
	return { dueUntil, versionBelow: version - attemptOf(version) };
}
