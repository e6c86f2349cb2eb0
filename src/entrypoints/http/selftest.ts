/**
 * `/v1/selftest`: starts a run of the selftest, and reports on one. Only a Worker with `selftest()` has these routes.
 */
import type { Hono } from "hono";
import * as z from "zod";
import { show } from "../../event/validation.ts";
import type { Ports } from "../../ports.ts";
import { CANARIES } from "../../selftest/canary.ts";
import { readSelftest } from "../../selftest/report.ts";
import { startSelftest } from "../../selftest/start.ts";
import { component, duration, instant, text, whole } from "./openapi/parts.ts";
import { found, type Http, route } from "./operation.ts";

/** Registers routes that only some Workers have. */
export type RegisterRoutes = (api: Hono<Http>) => void;

const Figures = z
	.object({
		count: whole,
		median: duration.nullable(),
		p99: duration.nullable(),
	})
	.describe("durations");

const State = z.enum(["running", "passed", "failed"]);

const StartedRun = component(
	"StartedSelftest",
	z.object({ run: text, count: whole, publish: Figures }),
);

const Report = component(
	"Selftest",
	z.object({
		run: text,
		startedAt: instant,
		state: State,
		canaries: z.array(
			z.object({
				name: z.enum(CANARIES),
				lane: text.optional(),
				worker: text.optional(),
				state: State,
				count: whole,
				passed: whole,
				attempts: whole,
				reason: text.optional(),
				event: text.optional(),
			}),
		),
		delivery: Figures,
		lateness: Figures,
	}),
);

export function selftestRoutes(ports: Ports): RegisterRoutes {
	return (api) => {
		route(api, "/v1/selftest", {
			POST: {
				id: "startSelftest",
				summary: "Publishes canaries, which prove that events arrive",
				access: "admin",
				answers: { 202: StartedRun },
				answer: async ({ var: { caller }, json }) =>
					json(await startSelftest(caller.id, ports), 202),
			},
		});

		route(api, "/v1/selftest/:run", {
			GET: {
				id: "getSelftest",
				summary: "Reports whether the canaries of a run have arrived",
				access: "read",
				answers: { 200: Report },
				async answer(context) {
					const run = context.req.param("run") as string;
					const report = await readSelftest(run, ports);
					return context.json(
						found(report, `run ${show(run)} of the selftest in the journal`),
					);
				},
			},
		});
	};
}
