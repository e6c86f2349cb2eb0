/** Starts, reads and stops jobs. It acts on nothing itself; the object of the jobs does, batch by batch. */
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import type { Ports } from "../ports.ts";
import { countMatches } from "./count-matches.ts";
import {
	ACTIONS,
	type Action,
	type Counted,
	type Job,
	type JobRequest,
} from "./job.ts";

/**
 * Starts a job on everything that matches a filter. Returns its id and how many match now; with `dryRun` only how many.
 *
 * @param by the id of the API key
 * @throws RefusedError `invalid_request` for an unknown action, a wrong filter, an empty one without `all`, or more
 * matches than `confirmed`; UnavailableError
 */
export async function startJob(
	request: {
		action: string;
		q?: string | undefined;
		/** Required for a job without a filter. */
		all?: boolean | undefined;
		dryRun?: boolean | undefined;
		/** The number that a person has seen. If more match, no job starts. */
		confirmed?: number | undefined;
	} & Pick<JobRequest, "handler" | "onlyIfNeverRan">,
	by: string,
	ports: Ports,
): Promise<{ id?: string } & Counted> {
	const { action, q = "", all = false, dryRun = false } = request;
	const { handler, onlyIfNeverRan, confirmed } = request;
	if (!isAction(action))
		throw new RefusedError(
			"invalid_request",
			`action: ${show(action)} is unknown; use ${ACTIONS.join(", ")}`,
		);
	if (q.trim() === "" && !all)
		throw new RefusedError(
			"invalid_request",
			`q: it is empty, so ${action} would act on everything; give a filter, or all: true`,
		);
	if (action !== "deliver" && (handler ?? onlyIfNeverRan) !== undefined)
		throw new RefusedError(
			"invalid_request",
			`${handler === undefined ? "onlyIfNeverRan" : "handler"}: ${action} does not use it; leave it out, or use deliver`,
		);
	const job = { action, q, handler, onlyIfNeverRan };
	// The job reads the filter again, so the filter must be valid here.
	const counted = await countMatches(job, ports);
	if (dryRun) return counted;
	if (confirmed !== undefined && counted.count > confirmed)
		throw new RefusedError(
			"invalid_request",
			`${counted.count} match by now, more than the ${confirmed} that were confirmed, so nothing was done; confirm the new number`,
		);
	const id = ports.newId(ports.clock());
	await ports.jobs.start({ ...job, ...counted, id, by });
	return { id, ...counted };
}

function isAction(action: string): action is Action {
	return (ACTIONS as readonly string[]).includes(action);
}

/** Lists jobs, the latest first. */
export async function listJobs(
	query: { limit?: number | undefined; cursor?: string | undefined },
	{ jobs }: Pick<Ports, "jobs">,
): Promise<{ jobs: Job[]; cursor?: string }> {
	const limit = pageSize(query.limit);
	const [, before] = positionOf(query.cursor) ?? [0, LAST_ID];
	const found = await jobs.list(limit + 1, before);
	const page = found.slice(0, limit);
	const last = page.at(-1);
	return {
		jobs: page,
		...(found.length > limit && last && { cursor: cursorOf([0, last.id]) }),
	};
}

/** After every id. */
const LAST_ID = "~";
