/** `/health`: whether events are handled in time. The figures require the scope `read`. */
import type { Hono } from "hono";
import { type Health, measureHealth } from "../../health/health.ts";
import { queueNames } from "../../platform/bindings.ts";
import type { Ports } from "../../ports.ts";
import { callerOf, requireScope } from "./keys.ts";
import { HealthReport } from "./openapi/operating-answers.ts";
import { type Http, route } from "./operation.ts";
import { limitCaller } from "./rate-limit.ts";

/** A result is cached this long, in milliseconds, because the path is open to everyone. */
const TTL = 5_000;

/** @param retention how long the queues store a message, in milliseconds */
export function healthRoute(
	app: Hono<Http>,
	ports: Ports,
	retention: number,
): void {
	let cached: { at: number; health: Health } | undefined;

	route(app, "/health", {
		GET: {
			id: "getHealth",
			summary: "Reports whether events are handled in time",
			access: "optional",
			answers: { 200: HealthReport, 503: HealthReport },
			async answer(context) {
				const isAnonymous = context.req.header("authorization") === undefined;
				if (!isAnonymous) {
					const caller = await callerOf(context.req.raw);
					await limitCaller(caller);
					requireScope(caller, "read");
				}
				const at = ports.clock();
				if (!cached || at - cached.at > TTL) {
					const names = queueNames().map(({ name }) => name);
					const health = await measureHealth(names, retention, ports);
					cached = { at, health };
				}
				const { health } = cached;
				const { status } = health;
				context.header("cache-control", "no-store");
				return context.json(
					isAnonymous ? { status } : health,
					status === "ok" ? 200 : 503,
				);
			},
		},
	});
}
