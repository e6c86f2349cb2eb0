/**
 * Erases one person: cancels their scheduled events and waiting deliveries, discards their dead letters, and removes
 * bodies, tags and error texts from the journal. It says what it cannot reach.
 */
import type { Erase, Erased, Erasure } from "../event/erasure.ts";
import { RefusedError } from "../event/errors.ts";
import { PAYLOAD_RETENTION } from "../event/limits.ts";
import { parseFilter } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import type { CountPart, JobStep, Remaining, StepResult } from "./job.ts";

type ErasePorts = Pick<
	Ports,
	"scheduler" | "deadLetters" | "journal" | "clock"
>;

/** The number of a store, and a place in it. */
type StorePlace = [store: number, place?: unknown];

/** One person, and nothing else, so that no word can make the job erase less than it seems to. */
const FORM =
	"give exactly one tag, such as tag.customer:c42, and, if needed, until, the time of publishing";

/**
 * Reads the filter of a job that erases.
 *
 * @param startedAt events that are published later stay, in epoch milliseconds
 * @throws RefusedError `invalid_request` unless the filter is one tag, with or without `until`
 */
export function erasureOf(q: string, startedAt: number): Erasure {
	const {
		tags = {},
		until = startedAt + 1,
		...others
	} = parseFilter(q, startedAt);
	const [other] = Object.keys(others);
	if (other !== undefined)
		throw new RefusedError(
			"invalid_request",
			`q: erase does not use ${other}; ${FORM}`,
		);
	const [tag, second] = Object.entries(tags);
	if (!tag || second)
		throw new RefusedError(
			"invalid_request",
			`q: it has ${second ? "several tags" : "no tag"}; ${FORM}`,
		);
	const [key, value] = tag;
	return { key, value, before: Math.min(until, startedAt + 1) };
}

/** Returns a function that counts what a job would erase. @throws RefusedError for a wrong filter */
export function countingErasure(q: string, ports: ErasePorts): CountPart {
	const erasure = erasureOf(q, ports.clock());
	let sum = 0;
	return async (cursor) => {
		const place: StorePlace = cursor === null ? [0] : JSON.parse(cursor);
		const { counts, next } = await eraseAt(place, erasure, true, ports);
		sum += totalOf(counts);
		return { sum, next: next ? JSON.stringify(next) : null };
	};
}

/**
 * Erases in the next rows or pages. Content that was erased before is not found again.
 *
 * @param queueRetention milliseconds
 * @throws UnavailableError
 */
export async function eraseStep(
	{ q, cursor, startedAt }: JobStep,
	ports: ErasePorts,
	queueRetention: number,
): Promise<StepResult> {
	const erasure = erasureOf(q, startedAt);
	const place: StorePlace = cursor === null ? [0] : JSON.parse(cursor);
	const {
		counts,
		payloads,
		errors = [],
		keptUntil,
		againAt,
		next,
	} = await eraseAt(place, erasure, false, ports);
	const now = ports.clock();
	const remaining: Remaining = {
		queues: now + queueRetention,
		payloads: now + PAYLOAD_RETENTION,
		...(keptUntil !== undefined && { journal: keptUntil }),
	};
	return {
		done: totalOf(counts),
		errors,
		counts: { ...counts, payloads },
		...(againAt !== undefined && { againAt }),
		...((!next || keptUntil !== undefined) && { remaining }),
		cursor: next ? JSON.stringify(next) : null,
	};
}

/**
 * The rows of the scheduler come first, because their events would fail and be recorded later. The journal comes last. It
 * may have been turned off since the job began.
 */
async function eraseAt(
	[number, place]: StorePlace,
	erasure: Erasure,
	isDryRun: boolean,
	{ scheduler, deadLetters, journal }: ErasePorts,
): Promise<Erased<StorePlace>> {
	const stores = [
		scheduler,
		deadLetters,
		...(journal?.store.isDeclared() ? [journal.store] : []),
	] as { erase: Erase<unknown> }[];
	const erased = await stores[number]?.erase(erasure, place, isDryRun);
	const { next, ...rest } = erased ?? { counts: {}, payloads: 0 };
	if (next !== undefined) return { ...rest, next: [number, next] };
	return number + 1 < stores.length ? { ...rest, next: [number + 1] } : rest;
}

function totalOf(counts: Record<string, number>): number {
	return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
