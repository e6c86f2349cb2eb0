/** `/v1/dead-letters`: lists, reads, replays and discards dead letters. */
import type { Hono } from "hono";
import * as z from "zod";
import { deadLetterFilter } from "../../dead-letters/dead-letter-filter.ts";
import { groupDeadLetters } from "../../dead-letters/groups.ts";
import { discard, readDeadLetter, replay } from "../../dead-letters/replay.ts";
import { STRUCTURED_TYPE } from "../../event/cloud-events/attributes.ts";
import { BODY_REQUEST_BYTES } from "../../event/limits.ts";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import type { Ports } from "../../ports.ts";
import { acceptsCloudEvent, cloudEventAnswer } from "./cloud-events/answer.ts";
import { check, FilteredPage, readOptionalJson } from "./input.ts";
import {
	DeadLetter,
	DeadLetterGroups,
	DeadLetterPage,
	Replayed,
} from "./openapi/delivery-answers.ts";
import { CloudEvent, component } from "./openapi/parts.ts";
import { actionRoute, found, type Http, route } from "./operation.ts";

const Groups = FilteredPage.pick({ q: true });

const Replay = component(
	"Replay",
	z.strictObject({
		body: z.unknown().describe("replaces the body of the event").optional(),
		again: z
			.boolean()
			.describe("replays one that is replaying or resolved, too")
			.optional(),
	}),
);

export function deadLetterRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/dead-letters", {
		GET: {
			id: "listDeadLetters",
			summary: "Lists dead letters, the latest failure first",
			access: "read",
			query: FilteredPage,
			answers: { 200: DeadLetterPage },
			async answer(context, { q, ...page }) {
				const filter = deadLetterFilter(q, ports.clock());
				return context.json(await ports.deadLetters.list({ filter, ...page }));
			},
		},
	});

	route(app, "/v1/dead-letters/groups", {
		GET: {
			id: "groupDeadLetters",
			summary: "Groups dead letters by handler, cause and error",
			access: "read",
			query: Groups,
			answers: { 200: DeadLetterGroups },
			async answer(context, { q }) {
				const filter = deadLetterFilter(q, ports.clock());
				return context.json(await groupDeadLetters(filter, ports));
			},
		},
	});

	actionRoute(app, "/v1/dead-letters/:id{.+}/replay", {
		id: "replayDeadLetter",
		summary: "Runs the handler of a dead letter again",
		access: "admin",
		content: { "application/json": Replay },
		isContentOptional: true,
		answers: { 202: Replayed },
		async answer({ req, json, var: { caller } }) {
			const id = req.param("id") as string;
			const content = await readOptionalJson(req.raw, BODY_REQUEST_BYTES);
			const input = check(Replay, content);
			const edited = "body" in input ? { body: input.body } : undefined;
			const { again } = input;
			const acting = actingAs(ports, caller.id);
			const number = await replay(id, { edited, again }, acting);
			found(number, deadLetter(id));
			return json({ id, replay: number, state: "replaying" }, 202);
		},
	});

	route(app, "/v1/dead-letters/:id{.+}", {
		GET: {
			id: "getDeadLetter",
			summary: "Reads a dead letter with its event",
			access: "read",
			answers: {
				200: { "application/json": DeadLetter, [STRUCTURED_TYPE]: CloudEvent },
			},
			async answer(context) {
				const id = context.req.param("id") as string;
				const read = found(await readDeadLetter(id, ports), deadLetter(id));
				return acceptsCloudEvent(context.req.raw)
					? cloudEventAnswer(context.req.raw, read.event, deadLetter(id))
					: context.json(read);
			},
		},
		DELETE: {
			id: "discardDeadLetter",
			summary: "Discards a dead letter",
			access: "admin",
			answers: { 204: null },
			async answer(context) {
				const id = context.req.param("id") as string;
				const acting = actingAs(ports, context.var.caller.id);
				found(await discard(id, acting), deadLetter(id));
				return context.body(null, 204);
			},
		},
	});
}

function deadLetter(id: string): string {
	return `dead letter ${show(id)}`;
}
