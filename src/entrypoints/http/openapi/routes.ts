/** `GET /openapi.json` describes the API for programs, `GET /openapi` for people. Both are open. */
import type { Hono } from "hono";
import * as z from "zod";
import { type Http, route } from "../routes.ts";
import { type ApiDocument, describeApi } from "./document.ts";
import { openapiPage } from "./page.ts";

/** @param prefix of all paths */
export function openapiRoutes(app: Hono<Http>, prefix: string): void {
	let described: ApiDocument | undefined;
	// On request, so that the start of a Worker does not pay for it.
	const document = () => {
		described ??= describeApi(app, prefix);
		return described;
	};

	route(app, "/openapi.json", {
		GET: {
			id: "getOpenapi",
			summary: "Describes this API in OpenAPI 3.1",
			access: "open",
			answers: { 200: z.looseObject({}) },
			answer: ({ json }) => json(document()),
		},
	});

	route(app, "/openapi", {
		GET: {
			id: "getOpenapiPage",
			summary: "Shows this description as a page",
			access: "open",
			answers: { 200: "text/html" },
			answer: () => openapiPage(document()),
		},
	});
}
