/** Counts the scheduled events of one shard by the hour in which they are due, from the index alone. It changes none. */
import type { HourCounts } from "../event/scheduled-row.ts";
import type { TableStorage } from "./claim-table.ts";

export const HOUR = 3_600_000;

/** Rows that one call reads. */
const COUNTED = 10_000;

/** Counts at most a bounded number, the earliest due time first. `since` is inclusive, `until` exclusive. */
export function countByHour(
	sql: TableStorage["sql"],
	since: number,
	until: number,
): HourCounts {
	const rows = sql
		.exec<{ hour: number; count: number; last: number }>(
			`SELECT due_at / ${HOUR} AS hour, count(*) AS count, max(due_at) AS last FROM (
				SELECT due_at FROM scheduled WHERE (handler = '') = 1 AND due_at >= ? AND due_at < ?
				ORDER BY due_at LIMIT ?
			 ) GROUP BY hour ORDER BY hour`,
			since,
			until,
			COUNTED,
		)
		.toArray();
	const hours = rows.map(({ hour, count }) => ({ at: hour * HOUR, count }));
	const total = rows.reduce((sum, { count }) => sum + count, 0);
	const last = rows.at(-1)?.last;
	return total === COUNTED && last !== undefined
		? { hours, countedUntil: last }
		: { hours };
}
