/** `POST /v1/events`: publishes one event or an array of events. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { mapAtIndex, RefusedError } from "../../event/errors.ts";
import { PUBLISH_BYTES } from "../../event/limits.ts";
import { checkName } from "../../event/name.ts";
import { checkPublish, checkPublisher } from "../../event/permission.ts";
import { publish, publishBatch } from "../../publish/publish.ts";
import { type PublishRequest, requestOfItem } from "../../publish/request.ts";
import { readJson } from "./input.ts";
import type { Caller } from "./keys.ts";
import { type Http, route } from "./routes.ts";

export function eventRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/events", {
		async POST(context) {
			const { req, var: known } = context;
			checkPublisher(known.caller.publish, nameOf(known.caller));
			const input = await readJson(req.raw, PUBLISH_BYTES);
			if (!Array.isArray(input)) {
				const request = requestFrom(input, known.caller);
				return context.json(await publish(request, ports), 202);
			}
			const requests = mapAtIndex(input, (item) =>
				requestFrom(item, known.caller),
			);
			const receipts = await publishBatch(requests, ports);
			return context.json({ receipts }, 202);
		},
	});
}

function requestFrom(input: unknown, caller: Caller): PublishRequest {
	const request = requestOfItem(input);
	const { name } = request;
	if (name === undefined)
		throw new RefusedError(
			"invalid_request",
			"name is missing; send { name, body, after?, lane? }",
		);
	checkName(name);
	checkPublish(caller.publish, name, nameOf(caller));
	return request;
}

function nameOf({ id }: Caller): string {
	return `the key ${JSON.stringify(id)}`;
}
