/** Assembles the HTTP API: authenticates each request and routes it. It contains no rules of its own. */
import type { Handler, Hono } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type { RouterRoute } from "hono/types";
import { notConfigured } from "../../apps/extension/absent-apps.ts";
import { RefusedError } from "../../event/errors.ts";
import { show } from "../../event/validation.ts";
import type { Ports } from "../../ports.ts";
import { SELFTEST_REMEDY } from "../../selftest/absent-selftest.ts";
import type { AppRoutes } from "./apps/routes.ts";
import { asyncapiRoute } from "./asyncapi/serve.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { doctorRoute } from "./doctor.ts";
import { eventRoutes } from "./events.ts";
import { handlerRoutes } from "./handlers.ts";
import { healthRoute } from "./health.ts";
import { jobRoutes } from "./jobs.ts";
import { type Caller, callerOf } from "./keys.ts";
import { metricsRoute } from "./metrics.ts";
import { type OpenapiPage, openapiRoutes } from "./openapi/serve.ts";
import type { Http } from "./operation.ts";
import { HttpError, problem, requestFields } from "./problem.ts";
import { limitAddress, limitCaller } from "./rate-limit.ts";
import { scheduledRoutes } from "./scheduled.ts";
import type { RegisterRoutes } from "./selftest.ts";

interface AppOptions {
	/** Of all paths. Default: none. */
	prefix?: string;
	/** How long the queues store a message, in milliseconds. */
	retention: number;
	/** Shows the description of the API. Default: the Worker has no dashboard. */
	page?: OpenapiPage | undefined;
	/** Default: the Worker has no apps. */
	apps?: AppRoutes | undefined;
	/** Default: the Worker has no selftest. */
	selftest?: RegisterRoutes | undefined;
}

export function createApp(
	ports: Ports,
	{ prefix = "", retention, page, apps, selftest }: AppOptions,
): Hono<Http> {
	// The faster router of the standard Hono cannot have ids with slashes, so this one would be used anyway.
	const router = new TrieRouter<[Handler, RouterRoute]>();
	const app = new HonoBase<Http>({ router }).basePath(prefix);
	app.onError((error, context) => problem(error, requestFields(context)));
	app.notFound(({ req: { path } }) => {
		const own = path.slice(prefix.length);
		if (!apps && PATHS_OF_APPS.test(own)) return problem(notConfigured());
		if (!selftest && PATHS_OF_SELFTEST.test(own))
			return problem(
				new RefusedError(
					"not_configured",
					`this Worker has no selftest; ${SELFTEST_REMEDY}`,
				),
			);
		return problem(
			new HttpError("route_not_found", `there is no ${show(path)}`),
		);
	});
	app.use(async ({ req }, next) => {
		await limitAddress(req.raw);
		await next();
	});
	app.use("/v1/*", async (context, next) => {
		await next();
		// Answers contain secrets and private data.
		context.res.headers.set("cache-control", "no-store");
	});
	// Before anything of the request is read, so that a stranger's request costs nothing.
	if (apps) {
		authenticated("/v1/apps/*", apps.identify);
		authenticated("/v1/subscriptions/*", apps.identify);
	}
	authenticated("/v1/*", callerOf);
	eventRoutes(app, ports);
	scheduledRoutes(app, ports);
	deadLetterRoutes(app, ports);
	jobRoutes(app, ports);
	deliveryRoutes(app, ports);
	handlerRoutes(app, ports);
	doctorRoute(app, ports);
	apps?.register(app);
	selftest?.(app);
	metricsRoute(app, ports);
	healthRoute(app, ports, retention);
	openapiRoutes(app, prefix, page);
	asyncapiRoute(app, ports, prefix);
	return app;

	/** The first of the paths that matches applies. */
	function authenticated(
		path: string,
		identify: (request: Request) => Promise<Caller>,
	): void {
		app.use(path, async (context, next) => {
			if (!context.var.caller) {
				const caller = await identify(context.req.raw);
				await limitCaller(caller);
				context.set("caller", caller);
				refuseKey(context.req.raw, prefix);
			}
			await next();
		});
	}
}

/** Without apps, a sender of webhooks is to try again later: it would give up the URL after a 404. */
const PATHS_OF_APPS = /^\/(v1\/(apps|subscriptions)|hooks)(\/|$)/;

const PATHS_OF_SELFTEST = /^\/v1\/selftest(\/|$)/;

/** A key that is ignored would promise what does not happen. */
function refuseKey({ headers, url }: Request, prefix: string): void {
	const { pathname } = new URL(url);
	if (!headers.has("idempotency-key") || pathname === `${prefix}/v1/events`)
		return;
	throw new RefusedError(
		"not_supported",
		`Idempotency-Key: ${show(pathname)} does not take it; only POST /v1/events does`,
	);
}
