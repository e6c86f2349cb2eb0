/**
 * The law of stored deliveries, checked at each commit of a shard: a waiting row changes only with a later attempt, and
 * a claimed row only together with its due time, because its claim deletes the row that has this due time.
 */

import type { Database } from "../../src/testing/platform/database.ts";
import type { SimulatedObject } from "../../src/testing/platform/object.ts";
import { APART, type Violation } from "./invariants.ts";
import { eventOf, subjectsOf } from "./subjects.ts";

interface Row {
	version: number;
	dueAt: number;
	/** Whether the claim of the shard covers this row. */
	isClaimed: boolean;
}

export class StoredRows {
	readonly violations: Violation[] = [];
	/** The deliveries of each shard at its last commit. */
	readonly #before = new Map<string, ReadonlyMap<string, Row>>();

	/** @param now simulated time, in epoch milliseconds */
	committed({ name, database }: SimulatedObject, now: number): void {
		if (!name.startsWith("Scheduler/") || !database.has("scheduled")) return;
		const rows = deliveriesIn(database);
		const before = this.#before.get(name);
		this.#before.set(name, rows);
		if (!before) return;
		for (const [key, row] of rows) {
			const old = before.get(key);
			const text = old && changeOf(old, row, now);
			if (!text) continue;
			const [subject = ""] = subjectsOf(key);
			const n = eventOf(subject);
			this.violations.push({ rule: "overwritten", n, text: `${key} ${text}` });
		}
	}
}

/** Describes a change that is not allowed. */
function changeOf(old: Row, row: Row, now: number): string | undefined {
	const isSameVersion = row.version === old.version;
	const isSameTime = row.dueAt === old.dueAt;
	if (row.version < old.version) return "was set back to an earlier attempt";
	if (old.isClaimed && isSameTime && !isSameVersion)
		return "was stored while it was claimed, and keeps the claimed due time";
	// A row that is due may have been claimed and stored again since.
	if (isSameVersion && !isSameTime && old.dueAt > now + APART)
		return `was moved by ${row.dueAt - old.dueAt} ms without a later attempt`;
	return undefined;
}

function deliveriesIn(database: Database): Map<string, Row> {
	// The condition uses the index, which is much faster than a scan of all records.
	const rows = database.all(
		`SELECT id, handler, version, due_at AS dueAt FROM scheduled
		 WHERE (handler = '') = 0`,
	);
	const claimed = rows.length > 0 ? claimedIn(database) : new Set();
	return new Map(
		rows.map(({ id, handler, version, dueAt }) => [
			`${id}:${handler}`,
			{
				version: Number(version),
				dueAt: Number(dueAt),
				isClaimed: claimed.has(JSON.stringify([id, handler, dueAt])),
			},
		]),
	);
}

/** The keys of the claimed deliveries, as JSON. */
function claimedIn(database: Database): ReadonlySet<unknown> {
	const [row] = database.all(
		"SELECT keys FROM claim WHERE kind = 'deliveries'",
	);
	const keys: unknown[] = JSON.parse(String(row?.keys ?? "[]"));
	return new Set(keys.map((key) => JSON.stringify(key)));
}
