/** `GET /v1/handlers`: lists the handlers of all Workers, with their patterns, timeouts and retry policies. */
import type { Hono } from "hono";
import type { Ports } from "../../ports.ts";
import { Handlers } from "./openapi/operating-answers.ts";
import { type Http, route } from "./operation.ts";

export function handlerRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/handlers", {
		GET: {
			id: "listHandlers",
			summary: "Lists the handlers of all Workers",
			access: "read",
			answers: { 200: Handlers },
			async answer(context) {
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
		},
	});
}
