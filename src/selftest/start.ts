/** Starts a run of the selftest: publishes its canaries. Nothing else may publish under their names. */
import { type Receipt, UnavailableError } from "../event/errors.ts";
import { journalOf } from "../journal/read.ts";
import type { Ports } from "../ports.ts";
import { publishStamped, storeBatch } from "../publish/publish.ts";
import type { PublishRequest } from "../publish/request.ts";
import { type StampedEvent, stampChecked } from "../publish/stamp.ts";
import { cancel } from "../schedule/schedule.ts";
import {
	CLEANUP,
	COUNTS,
	canaryEvent,
	OPERATOR,
	RUN_TIME,
	tagsOf,
	tagValue,
} from "./canary.ts";
import type { CleanupBody } from "./clean.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { LARGE, type OperatorBody } from "./handlers.ts";

export interface StartedRun {
	/** Its id. */
	run: string;
	/** Number of canaries. */
	count: number;
	/** How long each publish of one immediate canary took. */
	publish: Figures;
}

/** The last canary of a run is due within this time, in milliseconds. Dead letters need some time to be stored. */
const MARGIN = 60_000;

const SCHEDULED_AFTER = 2_000;
/** Time to cancel it before it is due. */
const CANCELLED_AFTER = 3_000;

/**
 * Publishes the canaries of a run. The event that cleans up is stored before any of them, so that nothing remains,
 * whatever ends before the run does.
 *
 * @param by who started it
 * @throws RefusedError `not_configured` without a journal; UnavailableError if a queue or the scheduler stores nothing
 */
export async function startSelftest(
	by: string,
	ports: Ports,
): Promise<StartedRun> {
	const now = ports.clock();
	// Before anything is published: nothing could be said of a run whose results cannot be read.
	await journalOf(ports).store.search({ since: now }, undefined, 1);
	const run = ports.newId(now);
	let count = 0;
	const stamp = (
		name: string,
		rest: Partial<PublishRequest> = {},
		id = ports.newId(ports.clock()),
	): StampedEvent => {
		count++;
		const tags = { ...tagsOf(run), ...(rest.tags as object) };
		const request = { body: null, ...rest, name, tags, by };
		return stampChecked(request, id, ports.clock(), ports);
	};
	const publish = (...args: Parameters<typeof stamp>) =>
		stored(stamp(...args), ports);

	const large = stamp(canaryEvent("large"), { body: LARGE });
	const cleanup: CleanupBody = { bodies: [large.head.id] };
	await publish(CLEANUP, { after: RUN_TIME + MARGIN, body: cleanup }, run);

	const cancelled = canaryEvent("cancelled");
	const { id } = await publish(cancelled, { after: CANCELLED_AFTER });
	await cancel(id, ports);
	for (let n = 0; n < COUNTS.scheduled; n++)
		await publish(canaryEvent("scheduled"), { after: SCHEDULED_AFTER });

	const operator: OperatorBody = {
		dead: (await publish(canaryEvent("dead"))).id,
		replayed: (await publish(canaryEvent("replayed"))).id,
	};
	await publish(OPERATOR, { body: operator });
	await publish(canaryEvent("retried"));
	await stored(large, ports);
	for (const { key } of ports.workers.all) {
		const tags = { worker: tagValue(key) };
		if (key !== "")
			await publish(canaryEvent("worker"), { body: { worker: key }, tags });
	}
	for (const lane of ports.queues.lanes())
		await publish(canaryEvent("lane"), {
			lane,
			tags: { lane: tagValue(lane) },
		});

	const took: number[] = [];
	for (let n = 0; n < COUNTS.immediate; n++) {
		const startedAt = ports.clock();
		await publish(canaryEvent("immediate"));
		took.push(ports.clock() - startedAt);
	}
	const batch = Array.from({ length: COUNTS.batched }, () =>
		stamp(canaryEvent("batched")),
	);
	for (const [stamped, error] of await storeBatch(batch, ports))
		throw notStored(stamped, error);
	// The operator and the cleanup are no canaries.
	return { run, count: count - 2, publish: figuresOf(took) };
}

/** @throws UnavailableError that names the canary, and what did not store it */
async function stored(stamped: StampedEvent, ports: Ports): Promise<Receipt> {
	try {
		return await publishStamped(stamped, ports);
	} catch (cause) {
		throw notStored(stamped, cause);
	}
}

function notStored(
	{ head: { name }, dueAt, lane }: StampedEvent,
	cause: unknown,
): UnavailableError {
	const of = lane === undefined ? "" : ` of the lane ${lane}`;
	const where =
		dueAt === undefined ? `the queue for events${of}` : "the scheduler";
	return new UnavailableError(
		`${where} did not store ${name}: ${(cause as Error).message}; see the log of the Worker`,
		{ cause },
	);
}
