/** `/v1/apps`: runs tools on behalf of users, and returns or rotates the webhook URL of an event. */
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../../apps/app-ports.ts";
import { findEvent } from "../../../apps/directory.ts";
import { runTool } from "../../../apps/run-tool.ts";
import { TOOL_BYTES } from "../../../event/limits.ts";
import { readOptionalJson } from "../input.ts";
import { appIn, appPaths, type Http, route } from "../operation.ts";
import { ToolResult, WebhookUrl } from "./answers.ts";
import { tokensOf } from "./users.ts";

export function toolRoutes(app: Hono<Http>, ports: AppPorts): void {
	for (const path of appPaths("/v1/apps", "/tools/:tool"))
		route(app, path, {
			POST: {
				id: "runTool",
				summary: "Runs a tool of an app",
				access: "user",
				content: { "application/json": z.unknown() },
				isContentOptional: true,
				answers: { 200: ToolResult },
				async answer(context) {
					const { req, var: known } = context;
					const tokens = tokensOf(known.caller);
					const input = await readOptionalJson(req.raw, TOOL_BYTES, null);
					const { tool = "" } = req.param() as Record<string, string>;
					const run = runTool(appIn(context), tool, input, tokens, ports);
					return context.json({ output: await run });
				},
			},
		});

	for (const path of appPaths("/v1/apps", "/events/:event/webhook"))
		route(app, path, {
			GET: {
				id: "getWebhookUrl",
				summary: "Returns the webhook URL of an app's event",
				access: "admin",
				answers: { 200: WebhookUrl },
				async answer(context) {
					const { name, subscriptions } = await eventOf(context);
					const secret = await subscriptions.webhookSecret();
					return context.json({ url: ports.webhookUrl(name, secret) });
				},
			},
			POST: {
				id: "rotateWebhookUrl",
				summary: "Replaces the webhook URL; the earlier one closes at once",
				access: "admin",
				answers: { 200: WebhookUrl },
				async answer(context) {
					const { name, subscriptions } = await eventOf(context);
					const secret = await subscriptions.rotateWebhook();
					return context.json({ url: ports.webhookUrl(name, secret) });
				},
			},
		});

	async function eventOf(context: Context<Http>) {
		const { event = "" } = context.req.param() as Record<string, string>;
		return findEvent(appIn(context), event, ports);
	}
}
