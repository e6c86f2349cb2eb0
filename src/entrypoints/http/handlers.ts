/** `GET /v1/handlers`: what is registered, and with which policy. */
import type { Hono } from "hono";
import type { Owner } from "../../events.ts";
import { requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";

export function handlerRoutes(app: Hono<Http>, { handlers }: Owner): void {
	route(app, "/v1/handlers", {
		GET(context) {
			requireScope(context.var.caller, "read");
			return context.json({
				handlers: handlers
					.list()
					.map(({ id, patterns, timeout, policy: retries }) => ({
						id,
						patterns,
						timeout,
						retries,
					})),
			});
		},
	});
}
