/** `/v1/dead-letters`: lists, reads, replays and discards dead letters. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import {
	discard,
	readDeadLetter,
	replay,
	replayAll,
} from "../../dead-letters/replay.ts";
import { check, readOptionalJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const Filters = z.strictObject({
	event: z
		.string()
		.refine(
			(event) => !event.includes("*"),
			"a filter is the name of one event; patterns are not supported",
		)
		.optional(),
	handler: z.string().optional(),
	cause: z.string().optional(),
	cursor: z.string().optional(),
});

const Page = Filters.extend({
	status: z.enum(["dead", "replayed"]).optional(),
	limit: z.coerce.number().optional(),
});

const Replay = z.strictObject({ body: z.unknown().optional() });

export function deadLetterRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/dead-letters", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(Page, context.req.query());
			return context.json(await ports.deadLetters.list(query));
		},
	});

	route(app, "/v1/dead-letters/replay", {
		async POST(context) {
			requireScope(context.var.caller, "admin");
			const filters = check(Filters, await readOptionalJson(context.req.raw));
			const result = await replayAll(filters, ports);
			return context.json(result, 202);
		},
	});

	route(app, "/v1/dead-letters/:id", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const id = context.req.param("id") as string;
			return context.json(
				found(await readDeadLetter(id, ports), deadLetter(id)),
			);
		},
		async DELETE(context) {
			requireScope(context.var.caller, "admin");
			const id = context.req.param("id") as string;
			found(await discard(id, ports), deadLetter(id));
			return context.body(null, 204);
		},
	});

	route(app, "/v1/dead-letters/:id/replay", {
		async POST(context) {
			requireScope(context.var.caller, "admin");
			const id = context.req.param("id") as string;
			const input = check(Replay, await readOptionalJson(context.req.raw));
			const edited = "body" in input ? { body: input.body } : undefined;
			found(await replay(id, edited, ports), deadLetter(id));
			return context.json({ id, replayed: true }, 202);
		},
	});
}

function deadLetter(id: string): string {
	return `dead letter ${JSON.stringify(id)}`;
}
