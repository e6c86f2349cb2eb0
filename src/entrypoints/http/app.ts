/** Assembles the HTTP API: authenticates each request and routes it. It contains no rules of its own. */
import { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { refuseUnsupported } from "../../publish/request.ts";
import { appRoutes } from "./apps.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { eventRoutes } from "./events.ts";
import { handlerRoutes } from "./handlers.ts";
import { healthRoute } from "./health.ts";
import { hookRoutes } from "./hooks.ts";
import { authenticate } from "./keys.ts";
import { HttpError, problem } from "./problem.ts";
import type { Http } from "./routes.ts";
import { scheduledRoutes } from "./scheduled.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { authenticateUser } from "./users.ts";

/** @param retention how long the queues store a message, in milliseconds */
export function createApp(
	ports: AppPorts,
	prefix: string,
	retention: number,
): Hono<Http> {
	const app = new Hono<Http>().basePath(prefix);
	app.onError((error) => problem(error));
	app.notFound(({ req }) =>
		problem(new HttpError("route_not_found", `there is no ${req.path}`)),
	);
	app.use("/v1/*", async (context, next) => {
		const { req, env } = context;
		const authorization = req.header("authorization");
		const path = req.path.slice(prefix.length);
		const isForUsers = /^\/v1\/(apps|subscriptions)(\/|$)/.test(path);
		const identify = isForUsers ? authenticateUser : authenticate;
		context.set("caller", await identify(authorization, env.API_KEYS));
		if (req.header("idempotency-key") !== undefined)
			refuseUnsupported(["idempotencyKey"]);
		await next();
	});
	eventRoutes(app, ports);
	scheduledRoutes(app, ports);
	deadLetterRoutes(app, ports);
	handlerRoutes(app, ports);
	subscriptionRoutes(app, ports);
	appRoutes(app, ports);
	hookRoutes(app, ports);
	healthRoute(app, ports, retention);
	return app;
}
