/** Lists the scheduled events that match a filter. It changes none. */
import type { ScheduledEvent } from "../event/scheduled-row.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import type { Filter } from "../lists/filter.ts";
import type { Ports, Scheduler } from "../ports.ts";
import { scheduledFilter } from "./scheduled-filter.ts";

interface ScheduledPage {
	scheduled: ScheduledEvent[];
	/** Where the list goes on. A page may be short, or empty, before the last one. Absent on the last page. */
	cursor?: string;
}

/**
 * Lists scheduled events, the earliest due time first.
 *
 * @throws RefusedError `invalid_request`; UnavailableError
 */
export async function listScheduled(
	query: {
		q?: string | undefined;
		limit?: number | undefined;
		cursor?: string | undefined;
	},
	{ scheduler, clock }: Pick<Ports, "scheduler" | "clock">,
): Promise<ScheduledPage> {
	const filter = scheduledFilter(query.q ?? "", clock());
	return scheduledPage(filter, query.cursor, pageSize(query.limit), scheduler);
}

/** Reads the events that match a parsed filter. @throws UnavailableError */
export async function scheduledPage(
	filter: Filter,
	cursor: string | undefined,
	limit: number,
	scheduler: Pick<Scheduler, "list">,
): Promise<ScheduledPage> {
	const [dueAt, id] = positionOf(cursor) ?? [0, ""];
	const after = { dueAt, id, handler: "" };
	const { found, end } = await scheduler.list(after, filter, limit);
	return {
		scheduled: found,
		...(end && { cursor: cursorOf([end.dueAt, end.id]) }),
	};
}
