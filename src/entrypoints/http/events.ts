/** `/v1/events`: publishes one event or an array of events, lists the latest, and reads the life of one. */
import type { Hono } from "hono";
import * as z from "zod";
import {
	BATCH_TYPE,
	STRUCTURED_TYPE,
} from "../../event/cloud-events/attributes.ts";
import { mapAtIndex, RefusedError } from "../../event/errors.ts";
import { PUBLISH_BYTES } from "../../event/limits.ts";
import { checkName } from "../../event/name.ts";
import { checkPublish, checkPublisher } from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import { listEvents, readEvent } from "../../journal/read.ts";
import type { Ports } from "../../ports.ts";
import { isTrace } from "../../publish/labels.ts";
import { publish, publishBatch } from "../../publish/publish.ts";
import { type PublishRequest, requestOfItem } from "../../publish/request.ts";
import { acceptsCloudEvent, cloudEventAnswer } from "./cloud-events/answer.ts";
import { isCloudEvent, readCloudEvents } from "./cloud-events/request.ts";
import { AFTER, FilteredPage, readJson } from "./input.ts";
import { type Caller, nameOf } from "./keys.ts";
import { Event, EventPage, Published } from "./openapi/event-answers.ts";
import { CloudEvent, CloudEvents, component } from "./openapi/parts.ts";
import { found, type Http, route } from "./operation.ts";

const NewEvent = component(
	"NewEvent",
	z
		.strictObject({
			name: z.string(),
			body: z.unknown().describe("default: null").optional(),
			after: z.unknown().describe(AFTER).optional(),
			lane: z.string().optional(),
			tags: z.record(z.string(), z.string()).optional(),
			idempotencyKey: z.string().optional(),
			traceparent: z.string().optional(),
		})
		.meta({
			examples: [
				{ name: "order.placed", body: { orderId: "o1", total: 5 } },
				{ name: "order.forgotten", body: { orderId: "o1" }, after: "1 day" },
			],
		}),
);

const NewEvents = component(
	"NewEvents",
	z.union([NewEvent, z.array(NewEvent)]),
);

const Headers = z.object({
	"Idempotency-Key": z
		.string()
		.describe("for 24 hours, the same key returns the first receipt")
		.optional(),
	traceparent: z.string().optional(),
});

export function eventRoutes(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/events", {
		POST: {
			id: "publish",
			summary: "Publishes an event or a CloudEvent, or up to 1 000 of them",
			access: "publish",
			headers: Headers,
			content: {
				"application/json": NewEvents,
				[STRUCTURED_TYPE]: CloudEvent,
				[BATCH_TYPE]: CloudEvents,
			},
			answers: { 202: Published },
			async answer(context) {
				const { req, var: known } = context;
				checkPublisher(known.caller.publish, nameOf(known.caller));
				const read = await readRequests(req.raw);
				const allowed = (request: PublishRequest) =>
					allowedRequest(request, known.caller);
				if (!Array.isArray(read))
					return context.json(await publish(allowed(read), ports), 202);
				const requests = mapAtIndex(read, allowed);
				const receipts = await publishBatch(requests, ports);
				return context.json({ receipts }, 202);
			},
		},
		GET: {
			id: "listEvents",
			summary: "Lists events of the journal, the latest first",
			access: "read",
			query: FilteredPage,
			answers: { 200: EventPage },
			answer: async (context, query) =>
				context.json(await listEvents(query, ports)),
		},
	});

	route(app, "/v1/events/:id", {
		GET: {
			id: "getEvent",
			summary: "Reads the life of an event: its deliveries and attempts",
			access: "read",
			answers: {
				200: { "application/json": Event, [STRUCTURED_TYPE]: CloudEvent },
			},
			async answer(context) {
				const id = context.req.param("id") as string;
				const life = found(await readEvent(id, ports), missingEvent(id));
				if (!acceptsCloudEvent(context.req.raw)) return context.json(life);
				const { body: text, bodyBytes, delay = 0 } = life;
				const isWhole = text !== undefined && bodyBytes === undefined;
				const body = isWhole ? JSON.parse(text) : undefined;
				const event = { ...life, delay, body };
				return cloudEventAnswer(context.req.raw, event, `event ${show(id)}`);
			},
		},
	});
}

/** Returns one event or a batch. Options in the content take precedence over those in headers. */
async function readRequests(
	request: Request,
): Promise<PublishRequest | PublishRequest[]> {
	const read = isCloudEvent(request)
		? await readCloudEvents(request)
		: await readItems(request);
	const traceparent = request.headers.get("traceparent") ?? undefined;
	if (!isTrace(traceparent)) return read;
	return Array.isArray(read)
		? read.map((one) => ({ traceparent, ...one }))
		: { traceparent, ...read };
}

async function readItems(
	request: Request,
): Promise<PublishRequest | PublishRequest[]> {
	const input = await readJson(request, PUBLISH_BYTES);
	const key = request.headers.get("idempotency-key");
	if (!Array.isArray(input))
		return {
			...(key !== null && { idempotencyKey: unquoted(key) }),
			...requestOfItem(input),
		};
	if (key === null) return mapAtIndex(input, requestOfItem);
	throw new RefusedError(
		"invalid_request",
		"Idempotency-Key: the request has several events; give each an idempotencyKey",
	);
}

function allowedRequest(
	request: PublishRequest,
	caller: Caller,
): PublishRequest {
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

/** The header is a string of structured fields, in quotes, but most callers leave them out. */
function unquoted(value: string): string {
	return value.replace(/^"(.*)"$/, "$1");
}

function missingEvent(id: string): string {
	return `event ${JSON.stringify(id)} in the journal: it still waits in its queue, is older than the journal's retention, was not recorded, or is on a page that cannot be read`;
}
