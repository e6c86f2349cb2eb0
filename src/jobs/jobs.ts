/** Starts, reads and stops jobs. It acts on nothing itself; the object of the jobs does, batch by batch. */
import { v7 } from "uuid";
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import type { Ports } from "../ports.ts";
import { ACTIONS, type Action, type Job, type JobRequest } from "./job.ts";
import { countMatches } from "./run-step.ts";

/**
 * Starts a job on everything that matches a filter. Returns its id and how many match now; with `dryRun` only how many.
 *
 * @param by the id of the API key
 * @throws RefusedError `invalid_request` for an unknown action, a wrong filter, or an empty one without `all`
 */
export async function startJob(
	request: {
		action: string;
		q?: string | undefined;
		/** Required for a job without a filter. */
		all?: boolean | undefined;
		dryRun?: boolean | undefined;
	} & Pick<JobRequest, "handler" | "onlyIfNeverRan">,
	by: string,
	ports: Ports,
): Promise<{ id?: string; count: number }> {
	const { action, q = "", all = false, dryRun = false } = request;
	const { handler, onlyIfNeverRan } = request;
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
	const count = await countMatches(job, ports);
	if (dryRun) return { count };
	const id = v7({ msecs: ports.clock() });
	await ports.jobs.start({ ...job, id, count, by });
	return { id, count };
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
