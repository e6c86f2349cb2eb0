/** `/v1/jobs`: starts, lists, reads and stops jobs. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import { REQUEST_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { listJobs, startJob } from "../../jobs/jobs.ts";
import { check, Page, queryOf, readJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const Start = z.strictObject({
	action: z.string(),
	q: z.string().optional(),
	all: z.boolean().optional(),
	dryRun: z.boolean().optional(),
});

export function jobRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/jobs", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(Page, queryOf(context.req.raw));
			return context.json(await listJobs(query, ports));
		},
		async POST(context) {
			const { caller } = context.var;
			requireScope(caller, "admin");
			const request = check(
				Start,
				await readJson(context.req.raw, REQUEST_BYTES),
			);
			return context.json(await startJob(request, caller.id, ports), 202);
		},
	});

	route(app, "/v1/jobs/:id", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const id = context.req.param("id") as string;
			return context.json(found(await ports.jobs.get(id), job(id)));
		},
		/** Stops it. */
		async DELETE(context) {
			requireScope(context.var.caller, "admin");
			const id = context.req.param("id") as string;
			found(await ports.jobs.stop(id), `running ${job(id)}`);
			return context.body(null, 204);
		},
	});
}

function job(id: string): string {
	return `job ${show(id)}`;
}
