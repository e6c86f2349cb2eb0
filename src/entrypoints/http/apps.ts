/** `/v1/apps`: runs tools on behalf of users, and returns or rotates the webhook URL of an event. */
import type { Context, Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { findEvent } from "../../apps/directory.ts";
import { runTool } from "../../apps/run-tool.ts";
import { TOOL_BYTES } from "../../event/limits.ts";
import { readOptionalJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { appIn, appPaths, type Http, type Methods, route } from "./routes.ts";
import { tokensOf } from "./users.ts";

export function appRoutes(app: Hono<Http>, ports: AppPorts): void {
	const routes = (after: string, methods: Methods) => {
		for (const path of appPaths("/v1/apps", after)) route(app, path, methods);
	};

	routes("/tools/:tool", {
		async POST(context) {
			const { req, var: known } = context;
			const tokens = tokensOf(known.caller);
			const input = await readOptionalJson(req.raw, TOOL_BYTES, null);
			const { tool = "" } = req.param();
			const run = runTool(appIn(context), tool, input, tokens, ports);
			return context.json({ output: await run });
		},
	});

	routes("/events/:event/webhook", {
		async GET(context) {
			const { name, subscriptions } = await eventOf(context);
			const secret = await subscriptions.webhookSecret();
			return context.json({ url: ports.webhookUrl(name, secret) });
		},
		/** The earlier URL closes at once. */
		async POST(context) {
			const { name, subscriptions } = await eventOf(context);
			const secret = await subscriptions.rotateWebhook();
			return context.json({ url: ports.webhookUrl(name, secret) });
		},
	});

	async function eventOf(context: Context<Http>) {
		requireScope(context.var.caller, "admin");
		const { event = "" } = context.req.param() as Record<string, string>;
		return findEvent(appIn(context), event, ports);
	}
}
