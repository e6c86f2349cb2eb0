/** `GET /v1/handlers`: what is registered, in which Worker, and with which policy. */
import type { Hono } from "hono";
import type { Owner } from "../../owner.ts";
import { requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";

export function handlerRoutes(app: Hono<Http>, { consumers }: Owner): void {
	route(app, "/v1/handlers", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const workers = await Promise.all(
				consumers.all.map(async (consumer) => ({
					key: consumer.key,
					routes: await consumer.routes(),
				})),
			);
			return context.json({
				handlers: workers.flatMap(({ key: worker, routes }) =>
					(routes?.list ?? []).map(
						({ policy: retries, handler, ...route }) => ({
							...route,
							retries,
							...(worker !== "" && { worker, handler }),
						}),
					),
				),
				// Workers that did not answer: what they have is not known now.
				unreachable: workers.flatMap(({ key, routes }) =>
					routes ? [] : [key],
				),
			});
		},
	});
}
