/** `GET /v1/handlers`: lists the handlers of all Workers, with their patterns, timeouts and retry policies. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";

export function handlerRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/handlers", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const listed = await Promise.all(
				ports.workers.all.map(async (worker) => ({
					key: worker.key,
					routes: await worker.routes(),
				})),
			);
			return context.json({
				handlers: listed.flatMap(({ key: worker, routes }) =>
					(routes?.list ?? []).map(
						({ policy: retries, handler, ...route }) => ({
							...route,
							retries,
							...(worker !== "" && { worker, handler }),
						}),
					),
				),
				// Workers that do not respond: their handlers are not known now.
				unreachable: listed.flatMap(({ key, routes }) => (routes ? [] : key)),
			});
		},
	});
}
