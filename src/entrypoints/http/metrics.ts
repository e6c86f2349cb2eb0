/** `GET /v1/metrics`: rates and durations by handler, from the counts of the journal. */
import type { Hono } from "hono";
import { readMetrics } from "../../journal/metrics.ts";
import type { Ports } from "../../ports.ts";
import { FilteredPage } from "./input.ts";
import { Metrics } from "./openapi/operating-answers.ts";
import { type Http, route } from "./operation.ts";

export function metricsRoute(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/metrics", {
		GET: {
			id: "getMetrics",
			summary: "Reports attempts, failures and durations by handler",
			access: "read",
			query: FilteredPage.pick({ q: true }),
			answers: { 200: Metrics },
			answer: async (context, { q }) =>
				context.json(await readMetrics(q, ports)),
		},
	});
}
