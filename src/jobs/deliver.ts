/**
 * Sends events of the journal to one handler: one that failed, or one that did not exist when they were published. It
 * decides which events are sent; it does not run the handler.
 */
import pMap from "p-map";
import { replay } from "../dead-letters/replay.ts";
import { RefusedError } from "../event/errors.ts";
import { serializeError } from "../event/failure.ts";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import type { Route } from "../handlers/route.ts";
import type { EventLife } from "../journal/life.ts";
import type { LivesPlace } from "../journal/lives.ts";
import { journalFilter, journalOf } from "../journal/read.ts";
import { chunks, messageBytes } from "../platform/send-batch.ts";
import type { Ports } from "../ports.ts";
import { findRoute } from "./count-to-deliver.ts";
import type { JobStep, StepResult } from "./job.ts";
import { type Plan, planOf } from "./plan-delivery.ts";

/** Entries that one batch looks at. */
const BATCH = 100;

export type DeliverPorts = Pick<
	Ports,
	| "journal"
	| "workers"
	| "queues"
	| "payloads"
	| "deadLetters"
	| "extension"
	| "definitionOf"
	| "clock"
	| "newId"
	| "observe"
>;

/** Where a job is in the journal. */
interface Progress {
	/** Absent before the first batch. */
	place?: LivesPlace;
	/** Events after `place` that are done. An outage ended their batch. */
	settled?: string[];
}

/** An event of the journal, and what is done with it. */
interface PlannedEvent {
	life: EventLife;
	plan: Plan;
}

/** What a batch has done so far. */
interface BatchResult {
	/** The ids of the events that it has dealt with. */
	settled: string[];
	skipped: number;
	errors: StepResult["errors"][number][];
}

/**
 * Sends the next events. An event that cannot be sent does not stop it. After an outage, the next batch repeats only the
 * send whose answer was lost.
 *
 * @throws UnavailableError if the batch could not be found
 */
export async function deliverStep(
	step: JobStep,
	ports: DeliverPorts,
): Promise<StepResult> {
	const { q, handler = "", cursor, startedAt } = step;
	let route: Route;
	try {
		route = await findRoute(handler, ports);
	} catch (error) {
		if (!(error instanceof RefusedError)) throw error;
		// A job that waited for the handler would stop all others.
		const errors = [{ id: handler, reason: error.message }];
		return { done: 0, errors, cursor: null };
	}
	const progress: Progress = cursor === null ? {} : JSON.parse(cursor);
	const batch = await journalOf(ports).store.lives({
		filter: journalFilter(q, startedAt),
		names: route.patterns,
		place: progress.place,
		limit: BATCH,
	});
	const { place, next } = batch;
	const before = progress.settled ?? [];
	const isSettled = new Set(before);
	const left = batch.found.filter(({ id }) => !isSettled.has(id));
	const result: BatchResult = { settled: [], skipped: 0, errors: [] };
	let outage: unknown;
	try {
		await deliverAll(left, batch.incomplete, step, result, ports);
	} catch (error) {
		outage = error;
	}
	const { settled, skipped, errors } = result;
	const done = settled.length - skipped - errors.length;
	if (outage !== undefined) {
		// With the place: the start of the job must not move, even if nothing was sent.
		const reached: Progress = { place, settled: [...before, ...settled] };
		return {
			done,
			errors,
			// The pages of the batch are counted when the rest of it runs.
			counts: { skipped },
			cursor: JSON.stringify(reached),
			outage: serializeError(outage),
		};
	}
	return {
		done,
		errors,
		counts: { skipped, unreadablePages: batch.unreadable },
		cursor: next ? JSON.stringify(progressAt(next, before)) : null,
	};
}

/** The next step may go on with the batch that an outage ended. */
function progressAt(place: LivesPlace, settled: string[]): Progress {
	return place.batch ? { place, settled } : { place };
}

/**
 * Sends events to one handler, and adds each to the result when it is done.
 *
 * @param incomplete ids of events of which the journal cannot read every entry
 * @throws UnavailableError
 */
async function deliverAll(
	lives: readonly EventLife[],
	incomplete: readonly string[],
	step: JobStep,
	result: BatchResult,
	ports: DeliverPorts,
): Promise<void> {
	const planned = await pMap(
		lives,
		async (life): Promise<PlannedEvent> => ({
			life,
			plan: await planOf(life, incomplete.includes(life.id), step, ports),
		}),
		{ concurrency: CALL_CONCURRENCY },
	);
	for (const { life, plan } of planned) {
		if (plan.type === "skip") result.skipped++;
		else if (plan.type === "fail")
			result.errors.push({ id: life.id, reason: plan.reason });
		else continue;
		result.settled.push(life.id);
	}
	await sendAll(planned, step, result, ports);
	await replayAll(planned, result, ports);
}

/** @throws UnavailableError */
async function sendAll(
	planned: readonly PlannedEvent[],
	{ handler = "" }: JobStep,
	result: BatchResult,
	{ queues, clock, observe }: DeliverPorts,
): Promise<void> {
	const sends = planned.flatMap(({ life, plan }) =>
		plan.type === "send" ? [{ life, record: plan.record }] : [],
	);
	for (const group of chunks(sends, ({ record }) => messageBytes(record))) {
		// Before the send: the attempt that follows must not seem to be earlier.
		const at = clock();
		await queues.retries().sendBatch(group.map(({ record }) => record));
		for (const { life } of group) {
			const { id, name: event } = life;
			result.settled.push(id);
			observe({ type: "replayed", at, id, event, handler });
		}
	}
}

/** Waits for all replays, also after one that fails. @throws UnavailableError */
async function replayAll(
	planned: readonly PlannedEvent[],
	{ settled, errors }: BatchResult,
	ports: DeliverPorts,
): Promise<void> {
	let outage: unknown;
	const replayOne = async ({ life: { id }, plan }: PlannedEvent) => {
		if (plan.type !== "replay" || outage !== undefined) return;
		try {
			if ((await replay(plan.deadLetter, { again: true }, ports)) === false)
				errors.push({ id, reason: "its dead letter was discarded meanwhile" });
		} catch (error) {
			if (!(error instanceof RefusedError)) {
				outage = error;
				return;
			}
			errors.push({ id, reason: error.message });
		}
		settled.push(id);
	};
	await pMap(planned, replayOne, { concurrency: CALL_CONCURRENCY });
	if (outage !== undefined) throw outage;
}
