/** `/v1/scheduled`: lists, reschedules and cancels scheduled events. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import { REQUEST_BYTES } from "../../event/limits.ts";
import type { Requester } from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import { listScheduled } from "../../schedule/list.ts";
import { cancel, checkRequester, reschedule } from "../../schedule/schedule.ts";
import { check, FilteredPage, queryOf, readJson } from "./input.ts";
import { type Caller, requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const Reschedule = z.strictObject({
	after: z
		.unknown()
		.refine((after) => after !== undefined, "it is missing; send { after }"),
});

export function scheduledRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/scheduled", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(FilteredPage, queryOf(context.req.raw));
			return context.json(await listScheduled(query, ports));
		},
	});

	route(app, "/v1/scheduled/:id", {
		async PATCH(context) {
			const id = context.req.param("id") as string;
			const requester = requesterOf(context.var.caller);
			checkRequester(requester);
			const content = await readJson(context.req.raw, REQUEST_BYTES);
			const { after } = check(Reschedule, content);
			const receipt = await reschedule(id, after, ports, requester);
			return context.json(found(receipt, scheduledEvent(id)));
		},
		async DELETE(context) {
			const id = context.req.param("id") as string;
			const requester = requesterOf(context.var.caller);
			found(await cancel(id, ports, requester), scheduledEvent(id));
			return context.body(null, 204);
		},
	});
}

function requesterOf({ id, publish }: Caller): Requester {
	return { permission: publish, caller: `the key ${JSON.stringify(id)}` };
}

function scheduledEvent(id: string): string {
	return `scheduled event ${show(id)}: it was never scheduled, is already on its way, or was cancelled`;
}
