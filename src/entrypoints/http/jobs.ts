/** `/v1/jobs`: starts, lists, reads and stops jobs. */
import type { Hono } from "hono";
import * as z from "zod";
import { REQUEST_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { ACTIONS } from "../../jobs/job.ts";
import { listJobs, startJob } from "../../jobs/jobs.ts";
import type { Ports } from "../../ports.ts";
import { check, FilteredPage, Page, readJson } from "./input.ts";
import { Job, JobPage, StartedJob } from "./openapi/operating-answers.ts";
import { component } from "./openapi/parts.ts";
import { found, type Http, route } from "./operation.ts";

const NewJob = component(
	"NewJob",
	z
		.strictObject({
			action: z.string().describe(ACTIONS.join(", ")),
			q: FilteredPage.shape.q,
			all: z
				.boolean()
				.describe("required for a job without a filter")
				.optional(),
			dryRun: z.boolean().describe("only counts").optional(),
			handler: z.string().describe("gets the events of deliver").optional(),
			onlyIfNeverRan: z
				.boolean()
				.describe("deliver skips events that the handler has seen")
				.optional(),
		})
		.meta({ examples: [{ action: "replay", q: "tag.customer:c42 since:2h" }] }),
);

export function jobRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/jobs", {
		GET: {
			id: "listJobs",
			summary: "Lists jobs, the latest first",
			access: "read",
			query: Page,
			answers: { 200: JobPage },
			answer: async (context, query) =>
				context.json(await listJobs(query, ports)),
		},
		POST: {
			id: "startJob",
			summary: "Starts a job on everything that matches a filter",
			access: "admin",
			content: { "application/json": NewJob },
			answers: { 202: StartedJob },
			async answer({ req, var: { caller }, json }) {
				const request = check(NewJob, await readJson(req.raw, REQUEST_BYTES));
				return json(await startJob(request, caller.id, ports), 202);
			},
		},
	});

	route(app, "/v1/jobs/:id", {
		GET: {
			id: "getJob",
			summary: "Reads a job with its progress",
			access: "read",
			answers: { 200: Job },
			async answer(context) {
				const id = context.req.param("id") as string;
				return context.json(found(await ports.jobs.get(id), job(id)));
			},
		},
		DELETE: {
			id: "stopJob",
			summary: "Stops a job after the batch that runs now",
			access: "admin",
			answers: { 204: null },
			async answer(context) {
				const id = context.req.param("id") as string;
				found(await ports.jobs.stop(id), `running ${job(id)}`);
				return context.body(null, 204);
			},
		},
	});
}

function job(id: string): string {
	return `job ${show(id)}`;
}
