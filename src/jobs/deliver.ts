/**
 * Sends events of the journal to one handler: one that failed, or one that did not exist when they were published. It
 * decides which events are sent; it does not run the handler.
 */
import pMap from "p-map";
import { replay } from "../dead-letters/replay.ts";
import { RefusedError, UnavailableError } from "../event/errors.ts";
import { serializeError } from "../event/failure.ts";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import { closeNames } from "../event/name.ts";
import { show } from "../event/validation.ts";
import type { Route } from "../handlers/route.ts";
import type { EventLife } from "../journal/life.ts";
import type { LivesQuery, Place } from "../journal/lives.ts";
import { journalFilter, journalOf } from "../journal/read.ts";
import { chunks, messageBytes } from "../platform/send-batch.ts";
import type { Ports } from "../ports.ts";
import type { JobRequest, Step, StepResult } from "./job.ts";
import { type Plan, planOf } from "./plan-delivery.ts";

/** Entries that one batch looks at. */
const BATCH = 100;

/** Events that one job may match: they are counted before it starts. */
const MOST_EVENTS = 100_000;

export type DeliverPorts = Pick<
	Ports,
	| ("journal" | "workers" | "queues" | "payloads" | "deadLetters")
	| ("extension" | "definitionOf" | "clock" | "newId" | "observe")
>;

/**
 * Counts the events that a job would look at.
 *
 * @throws RefusedError for an unknown handler, a wrong filter, or a journal that does not have what the job needs;
 * UnavailableError
 */
export async function countToDeliver(
	{ q, handler, onlyIfNeverRan }: JobRequest,
	ports: DeliverPorts,
): Promise<number> {
	if (handler === undefined)
		throw new RefusedError(
			"invalid_request",
			"handler: it is missing; give the id of the handler that gets the events",
		);
	const filter = journalFilter(q, ports.clock());
	const { options, store } = journalOf(ports);
	if (options.bodies === "none")
		throw new RefusedError(
			"not_configured",
			'the journal stores no bodies, so no event can be sent again; set journal.bodies to "all" in tidings.config.ts, which applies to later events',
		);
	if (onlyIfNeverRan && options.record === "failures")
		throw new RefusedError(
			"not_configured",
			'onlyIfNeverRan: the journal records only failures, so it does not know what ran; set journal.record to "all" in tidings.config.ts, or leave onlyIfNeverRan out',
		);
	const { patterns: names } = await findRoute(handler, ports);
	const seen = new Set<string>();
	let place: Place | undefined;
	do {
		const query: LivesQuery = { filter, names, place, limit: 1_000 };
		const { ids, next } = await store.ids(query);
		for (const id of ids) seen.add(id);
		if (seen.size > MOST_EVENTS)
			throw new RefusedError(
				"invalid_request",
				`q: it matches more than ${MOST_EVENTS} events; give since and until, and run several jobs`,
			);
		place = next;
	} while (place);
	return seen.size;
}

/** @throws RefusedError `unknown_handler`; UnavailableError while its Worker does not respond */
async function findRoute(
	handler: string,
	{ workers }: Pick<Ports, "workers">,
): Promise<Route> {
	const routes = await workers.forHandler(handler).routes();
	if (!routes)
		throw new UnavailableError(
			`the Worker of the handler ${show(handler)} does not respond; try again`,
		);
	const route = routes.get(handler);
	if (route) return route;
	const listed = await Promise.all(workers.all.map((one) => one.routes()));
	const ids = listed.flatMap((one) => one?.list.map(({ id }) => id) ?? []);
	const close = closeNames(handler, ids);
	const hint =
		close.length > 0
			? `did you mean ${close.join(" or ")}?`
			: `GET /v1/handlers lists all ${ids.length}`;
	throw new RefusedError(
		"unknown_handler",
		`handler: no handler has the id ${show(handler)}; ${hint}`,
	);
}

type Failed = StepResult["errors"][number];

/**
 * Sends the next events. An event that cannot be sent does not stop it. An outage ends it after the events that were
 * sent.
 *
 * @throws UnavailableError if the batch could not be found
 */
export async function deliverStep(
	step: Step,
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
	const { found, place, next, unreadable } = await journalOf(ports).store.lives(
		{
			filter: journalFilter(q, startedAt),
			names: route.patterns,
			place: cursor === null ? undefined : JSON.parse(cursor),
			limit: BATCH,
		},
	);
	const result = { done: 0, errors: [] as Failed[] };
	const counts = { skipped: 0, unreadablePages: unreadable };
	// Also if nothing was sent: the start of the job must not move.
	let reached = place;
	try {
		const planned = await pMap(
			found,
			async ({ life, after }) => ({
				...{ life, after, plan: await planOf(life, step, ports) },
			}),
			{ concurrency: CALL_CONCURRENCY },
		);
		for (const group of chunks(planned, ({ plan }) => bytesOf(plan))) {
			const errors = await act(group, handler, ports);
			const { length: skipped } = group.filter(
				({ plan }) => plan.type === "skip",
			);
			result.done += group.length - skipped - errors.length;
			result.errors.push(...errors);
			counts.skipped += skipped;
			reached = group.at(-1)?.after ?? reached;
		}
	} catch (outage) {
		// Its pages are counted when the rest of the batch runs.
		counts.unreadablePages = 0;
		return {
			...{ ...result, counts, cursor: JSON.stringify(reached) },
			outage: serializeError(outage),
		};
	}
	return { ...result, counts, cursor: next ? JSON.stringify(next) : null };
}

function bytesOf(plan: Plan): number {
	return plan.type === "send" ? messageBytes(plan.record) : 0;
}

/** Sends one group. Returns the events that could not be sent, and why. @throws UnavailableError */
async function act(
	group: readonly { life: EventLife; plan: Plan }[],
	handler: string,
	ports: DeliverPorts,
): Promise<Failed[]> {
	const sent = group.filter(({ plan }) => plan.type === "send");
	// Before the send: the attempt that follows must not seem to be earlier.
	const at = ports.clock();
	const records = sent.map(({ plan }) => (plan as { record: string }).record);
	if (records.length > 0) await ports.queues.retries().sendBatch(records);
	for (const { life } of sent)
		ports.observe({
			...{ type: "replayed", at, id: life.id, event: life.name, handler },
		});
	const errors: Failed[] = [];
	const replayOne = async ({ life: { id }, plan }: (typeof group)[number]) => {
		if (plan.type === "fail") errors.push({ id, reason: plan.reason });
		if (plan.type !== "replay") return;
		try {
			if ((await replay(plan.letter, { again: true }, ports)) === false)
				errors.push({ id, reason: "its dead letter was discarded meanwhile" });
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			errors.push({ id, reason: error.message });
		}
	};
	await pMap(group, replayOne, { concurrency: CALL_CONCURRENCY });
	return errors;
}
