/** Counts what a job would act on, in a bounded number of calls. It acts on nothing. */
import { deadLetterFilter } from "../dead-letters/dead-letter-filter.ts";
import type { Ports } from "../ports.ts";
import { countingDeliveries } from "./count-to-deliver.ts";
import { countingErasure } from "./erase.ts";
import { findItems } from "./items.ts";
import type { Counted, CountPart, JobRequest } from "./job.ts";

/** Calls of stores that one count makes. Each reads a bounded number of rows. An invocation may make a thousand. */
const MOST_CALLS = 50;

/** Scheduled events that one call counts. */
const READ = 1_000;

type CountPorts = Pick<
	Ports,
	"scheduler" | "deadLetters" | "journal" | "workers" | "clock"
>;

/**
 * Counts what a job would act on.
 *
 * @throws RefusedError `invalid_request` for a filter that the job could not use; UnavailableError
 */
export async function countMatches(
	request: JobRequest,
	ports: CountPorts,
): Promise<Counted> {
	const countPart = await partsOf(request, ports);
	let part: Awaited<ReturnType<CountPart>> = { sum: 0, next: null };
	for (let calls = 0; calls < MOST_CALLS; calls++) {
		part = await countPart(part.next);
		if (part.next === null) return { count: part.sum };
	}
	return { count: part.sum, atLeast: true };
}

async function partsOf(
	request: JobRequest,
	ports: CountPorts,
): Promise<CountPart> {
	const { action, q } = request;
	if (action === "deliver") return countingDeliveries(request, ports);
	if (action === "erase") return countingErasure(q, ports);
	const startedAt = ports.clock();
	let sum = 0;
	if (action === "cancel")
		return async (cursor) => {
			const step = { q, startedAt, cursor };
			const { ids, next } = await findItems(action, step, READ, ports);
			sum += ids.length;
			return { sum, next };
		};
	const filter = deadLetterFilter(q, startedAt);
	return async (from) => {
		const { count, cursor: next = null } = await ports.deadLetters.count(
			filter,
			from ?? undefined,
		);
		sum += count;
		return { sum, next };
	};
}
