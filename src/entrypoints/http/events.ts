/** `/v1/events`: publishes one event or an array of events, lists the latest, and reads the life of one. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { mapAtIndex, RefusedError } from "../../event/errors.ts";
import { PUBLISH_BYTES } from "../../event/limits.ts";
import { checkName } from "../../event/name.ts";
import { checkPublish, checkPublisher } from "../../event/permission.ts";
import { listEvents, readEvent } from "../../journal/read.ts";
import { isTrace } from "../../publish/labels.ts";
import { publish, publishBatch } from "../../publish/publish.ts";
import { type PublishRequest, requestOfItem } from "../../publish/request.ts";
import { check, FilteredPage, queryOf, readJson } from "./input.ts";
import { type Caller, requireScope } from "./keys.ts";
import { found, type Http, route } from "./routes.ts";

export function eventRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/events", {
		async POST(context) {
			const { req, var: known } = context;
			checkPublisher(known.caller.publish, nameOf(known.caller));
			const input = await readJson(req.raw, PUBLISH_BYTES);
			if (!Array.isArray(input)) {
				const request = requestFrom(input, known.caller);
				const all = { ...headerOptions(req.raw), ...request };
				return context.json(await publish(all, ports), 202);
			}
			refuseKeyOfBatch(req.raw);
			const requests = mapAtIndex(input, (item) =>
				requestFrom(item, known.caller),
			);
			const receipts = await publishBatch(requests, ports);
			return context.json({ receipts }, 202);
		},
		async GET(context) {
			requireScope(context.var.caller, "read");
			const query = check(FilteredPage, queryOf(context.req.raw));
			return context.json(await listEvents(query, ports));
		},
	});

	route(app, "/v1/events/:id", {
		async GET(context) {
			requireScope(context.var.caller, "read");
			const id = context.req.param("id") as string;
			const life = await readEvent(id, ports);
			return context.json(found(life, missingEvent(id)));
		},
	});
}

function requestFrom(input: unknown, caller: Caller): PublishRequest {
	const request = requestOfItem(input);
	const { name } = request;
	if (name === undefined)
		throw new RefusedError(
			"invalid_request",
			"name is missing; send { name, body, after?, lane?, tags?, idempotencyKey? }",
		);
	checkName(name);
	checkPublish(caller.publish, name, nameOf(caller));
	return { ...request, by: caller.id };
}

/** Options of one event that are headers. Those of its content take precedence. */
function headerOptions({ headers }: Request): Partial<PublishRequest> {
	const idempotencyKey = headers.get("idempotency-key");
	const traceparent = headers.get("traceparent") ?? undefined;
	return {
		...(idempotencyKey !== null && {
			idempotencyKey: unquoted(idempotencyKey),
		}),
		...(isTrace(traceparent) && { traceparent }),
	};
}

function refuseKeyOfBatch({ headers }: Request): void {
	if (!headers.has("idempotency-key")) return;
	throw new RefusedError(
		"invalid_request",
		"Idempotency-Key: the request has several events; give each an idempotencyKey",
	);
}

/** The header is a string of structured fields, in quotes, but most callers leave them out. */
function unquoted(value: string): string {
	return value.replace(/^"(.*)"$/, "$1");
}

function nameOf({ id }: Caller): string {
	return `the key ${JSON.stringify(id)}`;
}

function missingEvent(id: string): string {
	return `event ${JSON.stringify(id)} in the journal: it still waits in its queue, is older than the journal's retention, or was not recorded`;
}
