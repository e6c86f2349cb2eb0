/**
 * Searches the rows of dead letters. Each call reads a bounded number of them, because a call blocks the object. It
 * must not change a row.
 */
import {
	DEAD_LETTER_STATES,
	type DeadLetterGroup,
	type DeadLetterGroups,
	type DeadLetterState,
	type StoredDeadLetter,
} from "../event/dead-letter.ts";
import type { Cause } from "../event/envelope.ts";
import { matches } from "../event/name.ts";
import type { Position } from "../lists/cursor.ts";
import type { Filter } from "../lists/filter.ts";
import { matchesGlob } from "../lists/glob.ts";
import { QueryCache } from "../platform/query-cache.ts";
import { type DeadLetterRow, storedOf } from "./dead-letter-row.ts";

/** Rows that one call reads. */
const SCANNED = 10_000;

/** Makes all times of one length, so that they are compared as text. */
const OFFSET = 1_000_000_000_000_000;

/** Before all rows: the latest failure comes first. */
export const START: Position = [Number.MAX_SAFE_INTEGER, ""];

/** The rows after a position, up to an end that a call must not pass; null without an end. */
interface Range {
	after: Position;
	end: Position | null;
	/** Rows in it that have the state and the times of the filter; absent with an id, for which no row was read. */
	count?: number;
}

type GroupRow = Pick<DeadLetterGroup, "handler" | "reason" | "count"> & {
	cause: Cause;
	/** The time of the first failure, and the version that ran then. */
	first: string;
	last: number;
};

type Condition = [sql: string, ...values: (string | number | undefined)[]];

/** The columns of a list, with the start of the body: a thousand bodies may be more than the memory of an isolate. */
const SUMMARY = `id, event, handler, cause, head, substr(body, 1, 200) AS body, error, attempts,
	first_failure_at, last_failure_at, state, changed_at, replays, is_sent, replay, history, reason, deploy`;

/** An error that cannot be read must not hide the other dead letters. */
const ERROR_TEXT = `iif(json_valid(error),
	json_extract(error, '$.name') || ': ' || json_extract(error, '$.message'), error)`;

export class DeadLetterSearch {
	readonly #sql: SqlStorage;
	readonly #cache: QueryCache;

	/** The table `dead_letter` must exist. */
	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.#cache = new QueryCache(sql);
	}

	/** Returns the rows that one call may read from a position on. */
	range(filter: Filter, after: Position): Range {
		// An event has few dead letters, which the primary key finds.
		if (filter.id !== undefined) return { after, end: null };
		const { sql, values } = joined([
			...timesOf(filter),
			...within({ after, end: null }),
		]);
		const { count, last } = this.#cache.row<{ count: number; last: string }>(
			// A sum of two numbers is faster than printf, which also makes texts of one length.
			`SELECT count(*) AS count, min((at + ${OFFSET}) || id) AS last FROM (
				SELECT last_failure_at AS at, id FROM dead_letter WHERE ${sql}
				ORDER BY last_failure_at DESC, id DESC LIMIT ?)`,
			...values,
			SCANNED,
		);
		const end: Position | null =
			count === SCANNED
				? [Number(last.slice(0, 16)) - OFFSET, last.slice(16)]
				: null;
		return { after, end, count };
	}

	/** Reads summaries, the latest failure first. */
	list(filter: Filter, range: Range, limit: number): StoredDeadLetter[] {
		const { sql, values } = this.#where(filter, range);
		return this.#sql
			.exec<DeadLetterRow>(
				// The index alone finds them, and only those that are shown are read whole.
				`SELECT ${SUMMARY} FROM dead_letter WHERE id IN (
					SELECT id FROM dead_letter WHERE ${sql} ORDER BY last_failure_at DESC, id DESC LIMIT ?
				 ) ORDER BY last_failure_at DESC, id DESC`,
				...values,
				limit,
			)
			.toArray()
			.map(storedOf);
	}

	count(filter: Filter, range: Range): number {
		// Each row that is read costs, and those of the range were just counted.
		if (range.count !== undefined && !hasMore(filter)) return range.count;
		const { sql, values } = this.#where(filter, range);
		return this.#cache.row<{ count: number }>(
			`SELECT count(*) AS count FROM dead_letter WHERE ${sql}`,
			...values,
		).count;
	}

	/** Groups those that match by handler, cause and reason. @param limit the most groups */
	groups(filter: Filter, range: Range, limit: number): DeadLetterGroups {
		const { sql, values } = this.#where(filter, range);
		const groups = this.#cache
			.rows<GroupRow>(
				`SELECT handler, cause, reason, count(*) AS count, max(last_failure_at) AS last,
					min(printf('%015d %s', first_failure_at, deploy)) AS first
				 FROM dead_letter WHERE ${sql} GROUP BY handler, cause, reason ORDER BY count DESC LIMIT ?`,
				...values,
				limit,
			)
			.map(({ first, last, ...group }) => ({
				...group,
				firstFailureAt: Number(first.slice(0, 15)),
				lastFailureAt: last,
				deploy: first.slice(16),
			}));
		// Only then, because a count may read the rows once more.
		if (groups.length < limit) return { groups };
		const counted = groups.reduce((sum, { count }) => sum + count, 0);
		const uncounted = this.count(filter, range) - counted;
		return { groups, ...(uncounted > 0 && { uncounted }) };
	}

	/** Number of dead letters by state. It counts a bounded number of each. */
	counts(): Record<DeadLetterState, number> {
		const counts = DEAD_LETTER_STATES.map((state) => {
			const { count } = this.#cache.row<{ count: number }>(
				`SELECT count(*) AS count FROM (SELECT 1 FROM dead_letter WHERE state = ? LIMIT ?)`,
				state,
				SCANNED,
			);
			return [state, count] as const;
		});
		return Object.fromEntries(counts) as Record<DeadLetterState, number>;
	}

	#where(
		filter: Filter,
		range: Range,
	): { sql: string; values: (string | number)[] } {
		const { cause, handler, reason, text, id, name, tags = {} } = filter;
		const rows = [...timesOf(filter), ...within(range)];
		const part = text?.toLowerCase();
		return joined([
			...rows,
			["cause = ?", cause],
			["reason = ?", reason],
			[
				"event IN (SELECT value FROM json_each(?))",
				name && this.#stored("event", name, matches, rows),
			],
			// Not by GLOB: its pattern may have 50 bytes (Durable Objects, limits).
			[
				"handler IN (SELECT value FROM json_each(?))",
				handler && this.#stored("handler", handler, matchesGlob, rows),
			],
			["id >= ? || ':'", id],
			["id < ? || ';'", id],
			[`(instr(lower(${ERROR_TEXT}), ?) OR instr(lower(body), ?))`, part, part],
			...Object.entries(tags).map(
				([key, value]): Condition =>
					[
						"json_extract(iif(json_valid(head), head, '{}'), ?) = ?",
						`$.tags."${key}"`,
						value,
					] as const,
			),
		]);
	}

	/** The values of a column in these rows that a pattern matches, as JSON. */
	#stored(
		column: "event" | "handler",
		pattern: string,
		matches: (pattern: string, value: string) => boolean,
		rows: readonly Condition[],
	): string {
		if (!pattern.includes("*")) return JSON.stringify([pattern]);
		const { sql, values } = joined(rows);
		const stored = this.#cache
			.rows<{ value: string }>(
				`SELECT DISTINCT ${column} AS value FROM dead_letter WHERE ${sql}`,
				...values,
			)
			.map(({ value }) => value);
		return JSON.stringify(stored.filter((value) => matches(pattern, value)));
	}
}

/** The conditions whose columns are in the index. */
function timesOf({ state = "dead", id, since, until }: Filter): Condition[] {
	return [
		// With an id, a plus keeps SQLite from the index of the states.
		[id === undefined ? "state = ?" : "+state = ?", state],
		["last_failure_at >= ?", since],
		["last_failure_at < ?", until],
	];
}

/** Whether a filter has more words than those of `timesOf`. */
function hasMore({ state, since, until, ...more }: Filter): boolean {
	return Object.values(more).some((value) => value !== undefined);
}

function within({ after, end }: Range): Condition[] {
	return [
		["(last_failure_at, id) < (?, ?)", ...after],
		["(last_failure_at, id) >= (?, ?)", ...(end ?? [undefined])],
	];
}

/** Joins the conditions whose value is given. */
function joined(conditions: readonly Condition[]): {
	sql: string;
	values: (string | number)[];
} {
	const given = conditions.filter(([, value]) => value !== undefined);
	return {
		sql: given.map(([sql]) => sql).join(" AND "),
		values: given.flatMap(([, ...values]) => values as (string | number)[]),
	};
}
