/** Checks a job that sends events of the journal to one handler, and counts them. It sends nothing. */
import { RefusedError, UnavailableError } from "../event/errors.ts";
import { closeNames } from "../event/name.ts";
import { show } from "../event/validation.ts";
import type { Route } from "../handlers/route.ts";
import { journalFilter, journalOf } from "../journal/read.ts";
import type { Ports } from "../ports.ts";
import type { CountPart, JobRequest } from "./job.ts";

/** Entries that one call looks at. */
const READ = 1_000;

/**
 * Returns a function that counts the events that a job would look at, each once.
 *
 * @throws RefusedError for an unknown handler, a wrong filter, or a journal that does not have what the job needs;
 * UnavailableError
 */
export async function countingDeliveries(
	{ q, handler, onlyIfNeverRan }: JobRequest,
	ports: Pick<Ports, "journal" | "workers" | "clock">,
): Promise<CountPart> {
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
	return async (cursor) => {
		const place = cursor === null ? undefined : JSON.parse(cursor);
		const { ids, next } = await store.ids({
			filter,
			names,
			place,
			limit: READ,
		});
		for (const id of ids) seen.add(id);
		return { sum: seen.size, next: next ? JSON.stringify(next) : null };
	};
}

/**
 * Finds a handler by its id.
 *
 * @throws RefusedError `unknown_handler`; UnavailableError while its Worker does not respond
 */
export async function findRoute(
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
