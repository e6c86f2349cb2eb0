/** `/v1/scheduled`: list what waits for its time, move it, take it back. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import type { Requester } from "../../event/permission.ts";
import { cancel, reschedule } from "../../schedule/schedule.ts";
import { check, readJson } from "./input.ts";
import { type Caller, requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const Page = z.strictObject({
	limit: z.coerce.number().optional(),
	cursor: z.string().optional(),
});

const Move = z.strictObject({
	after: z
		.unknown()
		.refine((after) => after !== undefined, "it is missing: send { after }"),
});

export function scheduledRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/scheduled", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(Page, context.req.query());
			return context.json(await ports.scheduler.list(query));
		},
	});

	route(app, "/v1/scheduled/:id", {
		async PATCH(context) {
			const id = context.req.param("id") as string;
			const { after } = check(Move, await readJson(context.req.raw));
			const by = moverOf(context.var.caller);
			const receipt = await reschedule(id, after, ports, by);
			return context.json(found(receipt, gone(id)));
		},
		async DELETE(context) {
			const id = context.req.param("id") as string;
			const by = moverOf(context.var.caller);
			found(await cancel(id, ports, by), gone(id));
			return context.body(null, 204);
		},
	});
}

function moverOf({ id, publish }: Caller): Requester {
	return { permission: publish, caller: `the key ${JSON.stringify(id)}` };
}

function gone(id: string): string {
	return `scheduled event ${JSON.stringify(id)}: it was never scheduled, is handed over already, or was cancelled`;
}
