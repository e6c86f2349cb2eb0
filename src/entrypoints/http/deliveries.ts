/** `/v1/deliveries`: lists waiting deliveries, tries one at once and cancels one. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { show } from "../../event/validation.ts";
import {
	cancelDelivery,
	listDeliveries,
	retryDelivery,
} from "../../schedule/deliveries.ts";
import { check, FilteredPage, queryOf } from "./input.ts";
import { requireScope } from "./keys.ts";
import { HttpError } from "./problem.ts";
import { found, type Http, route } from "./routes.ts";

const RETRY = "/retry";

export function deliveryRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/deliveries", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(FilteredPage, queryOf(context.req.raw));
			return context.json(await listDeliveries(query, ports));
		},
	});

	// One route for both methods: the id of a handler may contain slashes, and end with "/retry".
	route(app, "/v1/deliveries/:path{.+}", {
		async POST(context) {
			requireScope(context.var.caller, "admin");
			const path = context.req.param("path") as string;
			if (!path.endsWith(RETRY))
				throw new HttpError(
					"method_not_allowed",
					`POST is not allowed for ${show(context.req.path)}; use DELETE, or add ${RETRY}`,
					{ allow: "DELETE" },
				);
			const id = path.slice(0, -RETRY.length);
			found(await retryDelivery(id, ports), waitingDelivery(id));
			return context.json({ id, retried: true }, 202);
		},
		async DELETE(context) {
			requireScope(context.var.caller, "admin");
			const id = context.req.param("path") as string;
			found(await cancelDelivery(id, ports), waitingDelivery(id));
			return context.body(null, 204);
		},
	});
}

function waitingDelivery(id: string): string {
	return `waiting delivery ${show(id)}: it has ended, is on its way, was cancelled, or waits less than 10 minutes in the retries queue`;
}
