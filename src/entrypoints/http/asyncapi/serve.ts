/** `GET /asyncapi.json`: describes the events. It is open; a key with the scope `read` also sees their handlers. */
import type { Hono } from "hono";
import * as z from "zod";
import type { Ports } from "../../../ports.ts";
import { callerOf, requireScope } from "../keys.ts";
import { type Http, route } from "../operation.ts";
import { limitCaller } from "../rate-limit.ts";
import { describeEvents } from "./document.ts";

/** @param prefix of all paths */
export function asyncapiRoute(
	app: Hono<Http>,
	ports: Ports,
	prefix: string,
): void {
	route(app, "/asyncapi.json", {
		GET: {
			id: "getAsyncapi",
			summary: "Describes the events in AsyncAPI 3.0",
			access: "optional",
			answers: { 200: z.looseObject({}) },
			async answer({ req, header, json }) {
				const url = new URL(prefix || "/", req.url);
				const isAnonymous = req.header("authorization") === undefined;
				if (!isAnonymous) {
					const caller = await callerOf(req.raw);
					await limitCaller(caller);
					requireScope(caller, "read");
				}
				// Handlers show how the Workers of the account are divided.
				const routes = isAnonymous ? [] : await allRoutes(ports);
				header("cache-control", "no-store");
				return json(describeEvents(ports.definitions, url, routes));
			},
		},
	});
}

async function allRoutes({ workers }: Ports) {
	const listed = await Promise.all(workers.all.map((one) => one.routes()));
	return listed.flatMap((routes) => routes?.list ?? []);
}
