/** `/v1/scheduled`: lists, reschedules and cancels scheduled events. */
import type { Hono } from "hono";
import * as z from "zod";
import { REQUEST_BYTES } from "../../event/limits.ts";
import type { Requester } from "../../event/permission.ts";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import type { Ports } from "../../ports.ts";
import { listScheduled } from "../../schedule/list.ts";
import { cancel, checkRequester, reschedule } from "../../schedule/schedule.ts";
import { AFTER, check, FilteredPage, readJson } from "./input.ts";
import { type Caller, nameOf } from "./keys.ts";
import { ScheduledPage } from "./openapi/event-answers.ts";
import { component, Receipt } from "./openapi/parts.ts";
import { found, type Http, route } from "./operation.ts";

const Reschedule = component(
	"Reschedule",
	z
		.strictObject({
			after: z
				.unknown()
				.refine((after) => after !== undefined, "it is missing; send { after }")
				.describe(AFTER),
		})
		.meta({ examples: [{ after: "2 days" }] }),
);

export function scheduledRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/scheduled", {
		GET: {
			id: "listScheduled",
			summary: "Lists scheduled events, the earliest due time first",
			access: "read",
			query: FilteredPage,
			answers: { 200: ScheduledPage },
			answer: async (context, query) =>
				context.json(await listScheduled(query, ports)),
		},
	});

	route(app, "/v1/scheduled/:id", {
		PATCH: {
			id: "reschedule",
			summary: "Changes the due time of a scheduled event",
			access: "publish",
			content: { "application/json": Reschedule },
			answers: { 200: Receipt },
			async answer(context) {
				const id = context.req.param("id") as string;
				const requester = requesterOf(context.var.caller);
				checkRequester(requester);
				const content = await readJson(context.req.raw, REQUEST_BYTES);
				const { after } = check(Reschedule, content);
				const acting = actingAs(ports, context.var.caller.id);
				const receipt = await reschedule(id, after, acting, requester);
				return context.json(found(receipt, scheduledEvent(id)));
			},
		},
		DELETE: {
			id: "cancel",
			summary: "Cancels a scheduled event",
			access: "publish",
			answers: { 204: null },
			async answer(context) {
				const id = context.req.param("id") as string;
				const requester = requesterOf(context.var.caller);
				const acting = actingAs(ports, context.var.caller.id);
				found(await cancel(id, acting, requester), scheduledEvent(id));
				return context.body(null, 204);
			},
		},
	});
}

function requesterOf(caller: Caller): Requester {
	return { permission: caller.publish, caller: nameOf(caller) };
}

function scheduledEvent(id: string): string {
	return `scheduled event ${show(id)}: it was never scheduled, is already on its way, or was cancelled`;
}
