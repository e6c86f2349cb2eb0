/** `/v1/dead-letters`: lists, reads, replays and discards dead letters. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import { deadLetterFilter } from "../../dead-letters/dead-letter-filter.ts";
import { groupDeadLetters } from "../../dead-letters/groups.ts";
import { discard, readDeadLetter, replay } from "../../dead-letters/replay.ts";
import { BODY_REQUEST_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { check, FilteredPage, queryOf, readOptionalJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

const Groups = FilteredPage.pick({ q: true });

const Replay = z.strictObject({
	body: z.unknown().optional(),
	again: z.boolean().optional(),
});

export function deadLetterRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/dead-letters", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const { q, ...page } = check(FilteredPage, queryOf(context.req.raw));
			const filter = deadLetterFilter(q, ports.clock());
			return context.json(await ports.deadLetters.list({ filter, ...page }));
		},
	});

	route(app, "/v1/dead-letters/groups", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const { q } = check(Groups, queryOf(context.req.raw));
			const filter = deadLetterFilter(q, ports.clock());
			return context.json(await groupDeadLetters(filter, ports));
		},
	});

	// Before the path of a dead letter: the id of a handler may contain slashes.
	app.post("/v1/dead-letters/:id{.+}/replay", async (context) => {
		requireScope(context.var.caller, "admin");
		const { id } = context.req.param();
		const content = await readOptionalJson(context.req.raw, BODY_REQUEST_BYTES);
		const input = check(Replay, content);
		const edited = "body" in input ? { body: input.body } : undefined;
		const { again } = input;
		const number = await replay(id, { edited, again }, ports);
		found(number, deadLetter(id));
		return context.json({ id, replay: number, state: "replaying" }, 202);
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
