/**
 * `GET /openapi.json` describes the API for programs. `GET /openapi` shows it to people, if the Worker has a dashboard.
 * Both are open.
 */
import type { Hono } from "hono";
import * as z from "zod";
import { type Http, route } from "../operation.ts";
import { type ApiDocument, describeApi } from "./document.ts";

/** Responds with the description as a page. */
export type OpenapiPage = (document: ApiDocument) => Promise<Response>;

/**
 * @param prefix of all paths
 * @param page of the dashboard, so that a Worker without one does not bundle it
 */
export function openapiRoutes(
	app: Hono<Http>,
	prefix: string,
	page: OpenapiPage | undefined,
): void {
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

	if (!page) return;
	route(app, "/openapi", {
		GET: {
			id: "getOpenapiPage",
			summary: "Shows this description as a page",
			access: "open",
			answers: { 200: "text/html" },
			answer: () => page(document()),
		},
	});
}
