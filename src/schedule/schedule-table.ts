/**
 * The rows of one scheduler shard in SQLite. Each method is one synchronous step, so no other call can run between
 * its reads and its writes. It must not change a claimed event.
 *
 * Three more files use the same table, `scheduled`, each for one purpose: `claim-table.ts` claims due rows and deletes
 * those that were sent, `delivery-table.ts` lists, retries and cancels waiting deliveries, and `erasure-table.ts` erases
 * one person.
 */
import { mayPublish, type PublishPermission } from "../event/permission.ts";
import type {
	DeliveryPosition,
	MoveResult,
	RowSearch,
	ScheduledEvent,
	ScheduledRow,
} from "../event/scheduled-row.ts";
import type { Filter } from "../lists/filter.ts";
import { ClaimTable, isEvent, type TableStorage } from "./claim-table.ts";
import { DeliveryTable, replaceableBy } from "./delivery-table.ts";
import { ErasureTable } from "./erasure-table.ts";
import type { RowKind } from "./flush.ts";
import { withDueTime } from "./schedule.ts";
import {
	eventOf,
	type ListedRow,
	listedEvent,
	type SqlRow,
} from "./schedule-row.ts";
import { isMatch } from "./scheduled-filter.ts";

/** Rows that a list reads in one call. */
const SCANNED = 2_000;

/** Rows of each kind that are counted. */
const COUNTED = 10_000;

export class ScheduleTable {
	readonly #storage: TableStorage;
	readonly #sql: TableStorage["sql"];
	readonly #claims: ClaimTable;
	/** The same rows, as waiting deliveries. */
	readonly deliveries: DeliveryTable;
	readonly erasure: ErasureTable;

	constructor(storage: TableStorage) {
		this.#storage = storage;
		this.#sql = storage.sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS scheduled (
				id TEXT NOT NULL, handler TEXT NOT NULL, name TEXT NOT NULL,
				due_at INTEGER NOT NULL, version INTEGER NOT NULL,
				reference TEXT, waiting TEXT, record TEXT NOT NULL,
				PRIMARY KEY (id, handler)
			) WITHOUT ROWID;
			CREATE INDEX IF NOT EXISTS scheduled_due ON scheduled ((handler = ''), due_at);
		`);
		this.#claims = new ClaimTable(storage);
		this.deliveries = new DeliveryTable(this.#sql, this.#claims);
		this.erasure = new ErasureTable(this.#sql, this.#claims);
	}

	store(rows: readonly ScheduledRow[]): void {
		this.#storage.transactionSync(() => {
			for (const row of rows) this.#upsert(row);
		});
	}

	/**
	 * Stores an event once. Replaces a delivery with a later version. A claimed row is also replaced by its own
	 * version: it may have been sent, and parked again. The new due time of a claimed row is always later than the old
	 * one, so that settling the claim leaves the new row.
	 */
	#upsert(row: ScheduledRow): void {
		const { id, handler, name, dueAt, version, reference, record } = row;
		const claimedDueAt = this.#claims.dueAtOf(id, handler);
		const { dueUntil, versionBelow } = replaceableBy(row);
		const waiting = row.waiting ? JSON.stringify(row.waiting) : null;
		this.#sql.exec(
			`INSERT INTO scheduled (id, handler, name, due_at, version, reference, waiting, record)
			 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
			 ON CONFLICT (id, handler) DO UPDATE SET
				due_at = iif(?9 IS NULL, excluded.due_at, max(excluded.due_at, scheduled.due_at + 1)),
				version = excluded.version, reference = excluded.reference,
				waiting = excluded.waiting, record = excluded.record
			 WHERE excluded.handler <> '' AND CASE
				WHEN scheduled.record = '' THEN scheduled.due_at <= ?10 OR scheduled.version < ?11
				WHEN scheduled.due_at = ?9 THEN excluded.version >= scheduled.version
				ELSE excluded.version > scheduled.version END`,
			id,
			handler,
			name,
			dueAt,
			version,
			reference,
			waiting,
			record,
			claimedDueAt,
			dueUntil,
			versionBelow,
		);
	}

	find(id: string, permission: PublishPermission): MoveResult {
		const row = this.#movable(id, permission);
		return typeof row === "string" ? row : eventOf(row);
	}

	cancel(id: string, permission: PublishPermission): MoveResult {
		const found = this.find(id, permission);
		if (typeof found === "object")
			this.#sql.exec("DELETE FROM scheduled WHERE id = ? AND handler = ''", id);
		return found;
	}

	reschedule(
		id: string,
		dueAt: number,
		permission: PublishPermission,
	): MoveResult {
		const row = this.#movable(id, permission);
		if (typeof row === "string") return row;
		const record = withDueTime(row.record, dueAt);
		this.#sql.exec(
			"UPDATE scheduled SET due_at = ?, record = ? WHERE id = ? AND handler = ''",
			dueAt,
			record,
			id,
		);
		return eventOf({ ...row, due_at: dueAt, record });
	}

	/** Lists unclaimed events that match a filter, the earliest due time first. `end` is the last row that was read. */
	list(
		{ dueAt, id }: Pick<DeliveryPosition, "dueAt" | "id">,
		filter: Filter,
		limit: number,
	): RowSearch<ScheduledEvent> {
		const { since = 0, until = Number.MAX_SAFE_INTEGER, tags = {} } = filter;
		const range = `FROM scheduled WHERE (handler = '') = 1 AND (due_at, id) > (?, ?)
			AND due_at >= ? AND due_at < ? ORDER BY due_at, id`;
		const bound = [dueAt, id, since, until];
		// As a record has them. Most records have none, and need not be parsed.
		const values = Object.values(tags).map((value) => JSON.stringify(value));
		// Without the records: a thousand of them may be a hundred megabytes. A row is read when the loop asks for it.
		const rows = this.#sql.exec<ListedRow>(
			`SELECT id, name, due_at, iif(json_valid(record), json_extract(record, '$.time', '$.tags'), NULL) AS head
			 FROM (SELECT * ${range} LIMIT ?)
			 WHERE ${["true", ...values.map(() => "instr(record, ?)")].join(" AND ")}`,
			...bound,
			SCANNED,
			...values,
		);
		const found: ScheduledEvent[] = [];
		let read = 0;
		for (const row of rows) {
			read++;
			const event = listedEvent(row);
			if (isMatch(event, filter) && this.#claims.dueAtOf(row.id, "") === null)
				found.push(event);
			if (found.length === limit)
				return { found, end: { dueAt: row.due_at, id: row.id, handler: "" } };
		}
		// Without tags, every row of the range was read: there are no more.
		if (values.length === 0 && read < SCANNED) return { found };
		const [end] = this.#sql
			.exec<DeliveryPosition & Record<string, SqlStorageValue>>(
				`SELECT due_at AS dueAt, id, handler ${range} LIMIT 1 OFFSET ?`,
				...bound,
				SCANNED - 1,
			)
			.toArray();
		return end ? { found, end } : { found };
	}

	/** Counts the rows of each kind, at most a bounded number. */
	counts(): { scheduled: number; waiting: number } {
		const count = (where: string) =>
			this.#sql
				.exec<{ count: number }>(
					`SELECT count(*) AS count FROM (SELECT 1 FROM scheduled WHERE ${where} LIMIT ?)`,
					COUNTED,
				)
				.one().count;
		return {
			// From the index alone: all of them wait until they are due.
			scheduled: count("(handler = '') = 1"),
			waiting: count("(handler = '') = 0 AND waiting IS NOT NULL"),
		};
	}

	nextDueAt(kind: RowKind): number | null {
		return this.#sql
			.exec<{ due_at: number | null }>(
				"SELECT min(due_at) AS due_at FROM scheduled WHERE (handler = '') = ?",
				isEvent(kind),
			)
			.one().due_at;
	}

	claim(kind: RowKind, now: number): ScheduledRow[] {
		return this.#claims.claim(kind, now);
	}

	settle(kind: RowKind, batch: readonly ScheduledRow[]): void {
		this.#claims.settle(kind, batch);
	}

	/** Finds an event that can still be cancelled by a requester who may publish it. */
	#movable(
		id: string,
		permission: PublishPermission,
	): SqlRow | "gone" | "forbidden" {
		if (this.#claims.dueAtOf(id, "") !== null) return "gone";
		const query = "SELECT * FROM scheduled WHERE id = ? AND handler = ''";
		const [row] = this.#rows(query, id);
		if (!row) return "gone";
		return mayPublish(permission, row.name) ? row : "forbidden";
	}

	#rows(query: string, ...bound: SqlStorageValue[]): SqlRow[] {
		return this.#sql.exec<SqlRow>(query, ...bound).toArray();
	}
}
