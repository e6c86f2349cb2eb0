/** Finds the items of a list that a job acts on one by one. It acts on none. */
import { deadLetterFilter } from "../dead-letters/dead-letter-filter.ts";
import type { Filter } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import { scheduledPage } from "../schedule/list.ts";
import { scheduledFilter } from "../schedule/scheduled-filter.ts";
import type { Action, JobStep } from "./job.ts";

/** Actions on dead letters or scheduled events, one by one. */
export type ListAction = Exclude<Action, "deliver" | "erase">;

/**
 * Finds the next items. Leaves out failures and events that are later than the start of the job: otherwise a replay that
 * fails would be found again without end.
 *
 * @throws RefusedError `invalid_request` for a filter that the action cannot use; UnavailableError
 */
export async function findItems(
	action: ListAction,
	{ q, startedAt, cursor }: Pick<JobStep, "q" | "startedAt" | "cursor">,
	limit: number,
	{ deadLetters, scheduler }: Pick<Ports, "deadLetters" | "scheduler">,
): Promise<{ ids: string[]; next: string | null }> {
	const from = cursor ?? undefined;
	if (action === "cancel") {
		const filter = scheduledFilter(q, startedAt);
		const page = await scheduledPage(filter, from, limit, scheduler);
		const { scheduled, cursor: next = null } = page;
		const published = scheduled.filter(({ time }) => time <= startedAt);
		return { ids: published.map(({ id }) => id), next };
	}
	const filter = failedBefore(startedAt, deadLetterFilter(q, startedAt));
	const page = await deadLetters.list({ filter, limit, cursor: from });
	const { deadLetters: found, cursor: next = null } = page;
	return { ids: found.map(({ id }) => id), next };
}

function failedBefore(startedAt: number, filter: Filter): Filter {
	const { until = startedAt + 1 } = filter;
	return { ...filter, until: Math.min(until, startedAt + 1) };
}
