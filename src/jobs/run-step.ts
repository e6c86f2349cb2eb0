/** Runs one batch of a job: finds the next items that match, and acts on each. It stores no progress. */
import pMap from "p-map";
import { deadLetterFilter } from "../dead-letters/dead-letter-filter.ts";
import { discard, replay } from "../dead-letters/replay.ts";
import { RefusedError } from "../event/errors.ts";
import { serializeError } from "../event/failure.ts";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import type { Filter } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import { scheduledPage } from "../schedule/list.ts";
import { cancel } from "../schedule/schedule.ts";
import { scheduledFilter } from "../schedule/scheduled-filter.ts";
import { countToDeliver } from "./count-to-deliver.ts";
import { deliverStep } from "./deliver.ts";
import { countToErase, eraseStep } from "./erase.ts";
import type { Action, JobRequest, Step, StepResult } from "./job.ts";

/** Actions on the items of a list, one by one. */
type ListAction = Exclude<Action, "deliver" | "erase">;

/** Items in one batch. A replay makes three calls, and an invocation may make a thousand (Workers, limits). */
const BATCH = 100;

/** Scheduled events that one batch reads. */
const READ = 1_000;

type StepPorts = Pick<
	Ports,
	| ("queues" | "scheduler" | "payloads" | "deadLetters" | "extension")
	| ("definitionOf" | "clock" | "newId" | "observe")
	| ("journal" | "workers")
>;

/**
 * Acts on the next batch. An item that is refused does not stop it. An outage ends it, and what was done counts.
 *
 * @param queueRetention milliseconds
 * @throws UnavailableError if the batch could not be found
 */
export async function runStep(
	step: Step,
	ports: StepPorts,
	queueRetention: number,
): Promise<StepResult> {
	const { action, cursor } = step;
	if (action === "deliver") return deliverStep(step, ports);
	if (action === "erase") return eraseStep(step, ports, queueRetention);
	const filter = filterOf(action, step);
	const { ids, next } = await find(action, filter, cursor, BATCH, ports);
	const errors: { id: string; reason: string }[] = [];
	let done = 0;
	let outage: unknown;
	const actOn = async (id: string) => {
		if (outage !== undefined) return;
		try {
			if (await act(action, id, ports)) done++;
		} catch (error) {
			if (error instanceof RefusedError)
				errors.push({ id, reason: error.message });
			else outage = error;
		}
	};
	await pMap(ids, actOn, { concurrency: CALL_CONCURRENCY });
	return outage === undefined
		? { done, errors, cursor: next }
		: { done, errors: [], cursor, outage: serializeError(outage) };
}

/** Counts what a job would act on. @throws RefusedError `invalid_request` for a filter that the job could not use */
export async function countMatches(
	request: JobRequest,
	ports: StepPorts,
): Promise<number> {
	const { action, q } = request;
	if (action === "deliver") return countToDeliver(request, ports);
	if (action === "erase") return countToErase(q, ports);
	const filter = readFilter(action, q, ports.clock());
	let count = 0;
	let cursor: string | undefined;
	do {
		const found = await countNext(action, filter, cursor, ports);
		count += found.count;
		cursor = found.cursor;
	} while (cursor !== undefined);
	return count;
}

async function countNext(
	action: ListAction,
	filter: Filter,
	cursor: string | undefined,
	ports: StepPorts,
): Promise<{ count: number; cursor?: string }> {
	if (action !== "cancel") return ports.deadLetters.count(filter, cursor);
	const { ids, next } = await find(action, filter, cursor ?? null, READ, ports);
	return { count: ids.length, ...(next !== null && { cursor: next }) };
}

/** What fails or is scheduled after the start of a job is not a part of it: a failing replay would never end. */
function filterOf(action: ListAction, { q, startedAt }: Step): Filter {
	const filter = readFilter(action, q, startedAt);
	if (action === "cancel") return filter;
	const { until = startedAt + 1 } = filter;
	return { ...filter, until: Math.min(until, startedAt + 1) };
}

function readFilter(action: ListAction, q: string, now: number): Filter {
	return action === "cancel"
		? scheduledFilter(q, now)
		: deadLetterFilter(q, now);
}

async function find(
	action: ListAction,
	filter: Filter,
	cursor: string | null,
	limit: number,
	{ deadLetters, scheduler }: StepPorts,
): Promise<{ ids: string[]; next: string | null }> {
	const from = cursor ?? undefined;
	if (action === "cancel") {
		const page = await scheduledPage(filter, from, limit, scheduler);
		const { scheduled, cursor: next = null } = page;
		return { ids: scheduled.map(({ id }) => id), next };
	}
	const found = await deadLetters.list({ filter, limit, cursor: from });
	const { deadLetters: letters, cursor: next = null } = found;
	return { ids: letters.map(({ id }) => id), next };
}

/** Returns false if the item is gone, or another call was faster. */
async function act(
	action: ListAction,
	id: string,
	ports: StepPorts,
): Promise<boolean> {
	switch (action) {
		case "replay":
			return (await replay(id, {}, ports)) !== false;
		case "discard":
			return discard(id, ports);
		case "cancel":
			return cancel(id, ports);
	}
}
