/** `/v1/deliveries`: lists waiting deliveries, tries one at once and cancels one. */
import type { Hono } from "hono";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import type { Ports } from "../../ports.ts";
import {
	cancelDelivery,
	listDeliveries,
	retryDelivery,
} from "../../schedule/deliveries.ts";
import { FilteredPage } from "./input.ts";
import { DeliveryPage, Retried } from "./openapi/delivery-answers.ts";
import { actionRoute, found, type Http, route } from "./operation.ts";

export function deliveryRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/deliveries", {
		GET: {
			id: "listDeliveries",
			summary: "Lists waiting deliveries, the next attempt first",
			access: "read",
			query: FilteredPage,
			answers: { 200: DeliveryPage },
			answer: async (context, query) =>
				context.json(await listDeliveries(query, ports)),
		},
	});

	actionRoute(app, "/v1/deliveries/:id{.+}/retry", {
		id: "retryDelivery",
		summary: "Begins the next attempt of a waiting delivery now",
		access: "admin",
		answers: { 202: Retried },
		async answer(context) {
			const id = context.req.param("id") as string;
			const acting = actingAs(ports, context.var.caller.id);
			found(await retryDelivery(id, acting), waitingDelivery(id));
			return context.json({ id, retried: true }, 202);
		},
	});

	route(app, "/v1/deliveries/:id{.+}", {
		DELETE: {
			id: "cancelDelivery",
			summary: "Cancels a waiting delivery",
			access: "admin",
			answers: { 204: null },
			async answer(context) {
				const id = context.req.param("id") as string;
				const acting = actingAs(ports, context.var.caller.id);
				found(await cancelDelivery(id, acting), waitingDelivery(id));
				return context.body(null, 204);
			},
		},
	});
}

function waitingDelivery(id: string): string {
	return `waiting delivery ${show(id)}: it has ended, is on its way, was cancelled, or waits less than 10 minutes in the retries queue`;
}
