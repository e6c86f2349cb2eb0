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
import type { Cause } from "../../event/envelope.ts";
import { BODY_REQUEST_BYTES, REQUEST_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { check, queryOf, readOptionalJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const CAUSES = Object.keys({
	exhausted: true,
	expired: true,
	non_retryable: true,
	schema_violation: true,
	unknown_handler: true,
	unreachable: true,
	newer_version: true,
	unreadable: true,
	payload_missing: true,
	crashed: true,
	abandoned: true,
} satisfies Record<Cause, true>);

const Filters = z.strictObject({
	event: z
		.string()
		.refine(
			(event) => !event.includes("*"),
			"a filter is the name of one event; patterns are not supported",
		)
		.optional(),
	handler: z.string().optional(),
	cause: z.enum(CAUSES).optional(),
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
			const query = check(Page, queryOf(context.req.raw));
			return context.json(await ports.deadLetters.list(query));
		},
	});

	route(app, "/v1/dead-letters/replay", {
		async POST(context) {
			requireScope(context.var.caller, "admin");
			const input = await readOptionalJson(context.req.raw, REQUEST_BYTES);
			const filters = check(Filters, input);
			const result = await replayAll(filters, ports);
			return context.json(result, 202);
		},
	});

	// Before the path of a dead letter: the id of a handler may contain slashes.
	app.post("/v1/dead-letters/:id{.+}/replay", async (context) => {
		requireScope(context.var.caller, "admin");
		const { id } = context.req.param();
		const content = await readOptionalJson(context.req.raw, BODY_REQUEST_BYTES);
		const input = check(Replay, content);
		const edited = "body" in input ? { body: input.body } : undefined;
		found(await replay(id, edited, ports), deadLetter(id));
		return context.json({ id, replayed: true }, 202);
	});

	route(app, "/v1/dead-letters/:id{.+}", {
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
}

function deadLetter(id: string): string {
	return `dead letter ${show(id)}`;
}
