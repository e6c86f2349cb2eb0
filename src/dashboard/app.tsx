/** The routes of the dashboard and what holds for all of them: headers, rate limits, the sign-in and errors. */
import type { Handler } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type { RouterRoute } from "hono/types";
import { limitAddress, limitCaller } from "../entrypoints/http/rate-limit.ts";
import { assetAt, assetPaths } from "./assets.ts";
import { tokenOf } from "./form.tsx";
import { HEADERS } from "./headers.ts";
import type { Access, DashboardHost } from "./host.ts";
import { NAV } from "./nav.ts";
import { deadLetterPage } from "./pages/dead-letter.tsx";
import { deadLetterGroupsPage } from "./pages/dead-letter-groups.tsx";
import { deadLettersPage } from "./pages/dead-letters.tsx";
import { deliveriesPage } from "./pages/deliveries.tsx";
import { deliveryPage } from "./pages/delivery.tsx";
import { eventPage } from "./pages/event.tsx";
import { eventsPage } from "./pages/events.tsx";
import { handlersPage } from "./pages/handlers.tsx";
import { jobPage } from "./pages/job.tsx";
import { jobsPage } from "./pages/jobs.tsx";
import { newJobPage } from "./pages/new-job.tsx";
import { overviewPage } from "./pages/overview.tsx";
import { missingPage, problemPage } from "./pages/problem.tsx";
import { publishPage } from "./pages/publish.tsx";
import { scheduledEventPage } from "./pages/scheduled-event.tsx";
import { scheduledEventsPage } from "./pages/scheduled-events.tsx";
import { settingsPage } from "./pages/settings.tsx";
import { requireSignIn, signInRoutes } from "./pages/sign-in.tsx";
import { subscriptionsPage } from "./pages/subscriptions.tsx";
import type { DashboardApp, DashboardEnv, Page } from "./view.ts";
import { cookieOf, findCaller, usesSessions } from "./visitor.ts";

/** In this order: a path with a parameter comes after those without. */
const PAGES: readonly Page[] = [
	overviewPage,
	eventsPage,
	eventPage,
	deadLettersPage,
	deadLetterGroupsPage,
	deadLetterPage,
	deliveriesPage,
	deliveryPage,
	scheduledEventsPage,
	scheduledEventPage,
	jobsPage,
	newJobPage,
	jobPage,
	handlersPage,
	subscriptionsPage,
	publishPage,
	settingsPage,
];

export function createPages(host: DashboardHost, access?: Access) {
	const { ports, path, prefix } = host;
	const viaAccess = access?.(ports);
	// The router of the HTTP API, which is in the bundle anyway.
	const router = new TrieRouter<[Handler, RouterRoute]>();
	const app: DashboardApp = new HonoBase<DashboardEnv>({
		router,
		strict: false,
	}).basePath(path);
	app.onError(problemPage);
	app.notFound(missingPage);
	app.use(async (context, next) => {
		await next();
		for (const [name, value] of Object.entries(HEADERS))
			context.res.headers.set(name, value);
		// Pages contain private data. Assets say for themselves that they do not.
		if (!context.res.headers.has("cache-control"))
			context.res.headers.set("cache-control", "no-store");
	});
	app.use(async ({ req }, next) => {
		await limitAddress(req.raw);
		await next();
	});
	app.get("/assets/*", async (context) => {
		const found = await assetAt(context.req.path.slice(path.length));
		return found
			? context.body(found.text, 200, found.headers)
			: context.notFound();
	});
	app.use(async (context, next) => {
		const url = new URL(context.req.url);
		const now = ports.clock();
		const assets = await assetPaths();
		const { definitions } = ports;
		const api = url.origin + prefix;
		const common = { base: path, url, api, assets, definitions, now };
		// An error of Access is shown on a page, too.
		context.set("view", { ...common, token: "", hasSession: false });
		const callerNow = () => findCaller(context, ports.clock(), viaAccess);
		const caller = await callerNow();
		const token = await tokenOf(cookieOf(context, path));
		if (caller) await limitCaller(caller);
		context.set("callerNow", callerNow);
		context.set("view", {
			...common,
			token,
			...(caller && { caller }),
			hasSession: caller !== undefined && usesSessions(context, viaAccess),
		});
		await next();
	});
	signInRoutes(app, host);
	app.use((context, next) => requireSignIn(context, next, host));
	app.get("/", ({ redirect }) => redirect(`${path}${NAV[0]?.path}`, 302));
	for (const register of PAGES) register(app, host);
	return (request: Request, env: Cloudflare.Env, ctx: ExecutionContext) =>
		app.fetch(request, env, ctx);
}
