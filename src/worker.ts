/** Entry point of the Worker that owns its events. It combines the user's own fetch, queue, scheduled and email with ours. */

import { absentApps } from "./apps/extension/absent-apps.ts";
import { assemble } from "./config/assemble.ts";
import type { Config } from "./config/config.ts";
import { settingsOf } from "./config/settings.ts";
import { consume } from "./consume/queue.ts";
import { settleUnclaimed } from "./consume/settle-message.ts";
import type { Dashboard } from "./dashboard.ts";
import { missingOptionalObjects } from "./doctor/diagnose.ts";
import type { Apps } from "./entrypoints/apps.ts";
import { createApp } from "./entrypoints/http/app.ts";
import type { Selftest } from "./entrypoints/selftest.ts";
import { decode } from "./event/envelope.ts";
import { RefusedError } from "./event/errors.ts";
import { actingAs } from "./event/transition.ts";
import { rejectUnknownKeys } from "./event/validation.ts";
import type { Events } from "./events.ts";
import { checkHandlerPaths } from "./handlers/modules.ts";
import { runStep } from "./jobs/run-step.ts";
import { queueNames } from "./platform/bindings.ts";
import { log } from "./platform/log.ts";
import { setObjectContext } from "./platform/object-context.ts";
import type { QueueRole } from "./platform/queue-names.ts";
import { checkRateLimits } from "./platform/rate-limits.ts";
import { type Registration, registrationOf } from "./registration.ts";
import { absentSelftest, SELFTEST_REMEDY } from "./selftest/absent-selftest.ts";

export { mailTo } from "./entrypoints/mail.ts";
export { type OperatorProps, operator } from "./entrypoints/operator.ts";
export { type PublisherProps, publisher } from "./entrypoints/publisher.ts";
export { subscriber } from "./entrypoints/subscriber.ts";

/** The user's own handlers, and the place of our paths. */
interface WorkerOptions<Env = Cloudflare.Env>
	extends Pick<
		ExportedHandler<Env>,
		"fetch" | "queue" | "scheduled" | "email"
	> {
	/**
	 * The prefix of our paths `/v1`, `/health` and `/hooks`, such as `/events`. Default: none. Next to a `fetch` of your
	 * own, `/openapi`, `/openapi.json` and `/asyncapi.json` are ours only after a prefix.
	 */
	prefix?: string;
	/** The export of `tidings.config.ts`. Default: no other Workers, no routes, 4 shards. */
	config?: Config;
	/** `dashboard()` of `tidings/dashboard`. Default: none. */
	dashboard?: Dashboard;
	/** `apps()` of `tidings/apps`. Default: none; then this Worker runs no apps. */
	apps?: Apps;
	/** `selftest()` of `tidings/selftest`, for `npx tidings selftest`. Default: false, off. */
	selftest?: Selftest | false;
}

/**
 * Creates the default export of the Worker that owns the events: the consumer, the HTTP API, the watch over the
 * scheduler, and the user's own handlers.
 *
 * @throws Error if the var `TIDINGS_QUEUES` or a configured binding or handler is missing; RefusedError for an unknown
 * option, an invalid prefix, or the path of a handler that does not exist
 * @example
 * export default worker(events, { fetch: app.fetch });
 */
export function worker<Env = Cloudflare.Env>(
	events: Events,
	options: WorkerOptions<Env> = {},
) {
	rejectUnknownKeys("worker", options, OPTIONS);
	const { prefix = "", config, dashboard, apps, ...rest } = options;
	const { selftest: isOn, ...own } = rest;
	const selftest = isOn || undefined;
	if (!/^(\/[^/?#]+)*$/.test(prefix))
		throw new RefusedError(
			"invalid_request",
			`worker: prefix ${JSON.stringify(prefix)} is not a path; use one such as "/events", without a slash at its end`,
		);
	if (apps !== undefined && typeof apps?.extend !== "function")
		throw new RefusedError(
			"invalid_request",
			`worker: apps is not the result of apps(); import { apps } from "tidings/apps" and pass { apps: apps() }, and the apps themselves to createEvents({ apps })`,
		);
	if (selftest && typeof selftest.extend !== "function")
		throw new RefusedError(
			"invalid_request",
			`worker: selftest is not the result of selftest(); ${SELFTEST_REMEDY}`,
		);
	const settings = settingsOf(config);
	const registration = registrationOf(events);
	const extend = apps?.extend ?? absentApps;
	const canaries = selftest?.extend ?? (() => absentSelftest);
	const assembled = assemble(registration, settings, prefix, extend, canaries);
	const { ports, consumerPorts, bus, apps: extension } = assembled;
	checkHandlerPaths();
	checkRateLimits();
	const { retention } = settings;
	const routes = extension.ports ? apps?.routes(extension.ports) : undefined;
	const api = {
		retention: retention.queues,
		apps: routes,
		selftest: selftest?.routes(ports),
	};
	const createApi = () => createApp(ports, api);
	const owner: NonNullable<Registration["assembled"]> = {
		ports,
		consumerPorts,
		apps: extension,
		bus,
		createApi,
		consume: (messages, role) => consume(messages, role, consumerPorts),
	};
	registration.assembled = owner;
	const page = dashboard?.openapiPage;
	const app = createApp(ports, { ...api, prefix, page });
	const roles = rolesByName();
	const ours = own.fetch && prefix === "" ? OURS : OURS_WITH_DESCRIPTION;
	const pagesPath =
		prefix + (dashboard?.path ?? (own.fetch ? "/_tidings" : ""));
	if (dashboard) checkPagesPath(pagesPath, prefix, own.fetch !== undefined);
	const pages = dashboard?.serve({
		ports,
		apps: extension.ports,
		settings,
		path: pagesPath,
		prefix,
	});
	setObjectContext({
		queues: consumerPorts.queues,
		payloads: consumerPorts.payloads,
		observe: ports.observe,
		deadLetterRetention: retention.deadLetters,
		journalRetention: settings.journal ? settings.journal.retention : 0,
		runJobStep: (step) =>
			runStep(step, actingAs(ports, step.by), retention.queues),
		runLifecycle: extension.runLifecycle,
		enqueuePoll: extension.enqueuePoll,
		consume: (messages, role) => owner.consume(messages, role),
	});

	const logMissing = missingObjectsLogger(settings.journal !== false);
	return {
		async fetch(request, env, ctx) {
			logMissing();
			const { pathname } = new URL(request.url);
			const isApi = ours.some((path) => isUnder(pathname, prefix + path));
			if (pages && !isApi && isUnder(pathname, pagesPath))
				return pages(request, env as Cloudflare.Env, ctx);
			return own.fetch && !isApi
				? own.fetch(request, env, ctx)
				: app.fetch(request, env as Cloudflare.Env, ctx);
		},

		async queue(batch, env, ctx) {
			logMissing();
			const role = roles.get(batch.queue);
			if (role) return owner.consume(batch.messages, role);
			const [first] = batch.messages;
			const hasEvents = decode(first?.body).kind === "envelope";
			if (own.queue && !hasEvents) return own.queue(batch, env, ctx);
			const hint = hasEvents
				? "it carries events of Tidings; name it in TIDINGS_QUEUES"
				: "name it in TIDINGS_QUEUES, or give worker() a queue handler";
			const named = [...roles.keys()];
			log("queue_unclaimed", { queue: batch.queue, named, hint });
			await settleUnclaimed(batch, consumerPorts);
		},

		async scheduled(controller, env, ctx) {
			logMissing();
			// Both settle: a failed watch must not interrupt the user's own work.
			const ends = await Promise.allSettled([
				ports.scheduler.watch(),
				own.scheduled?.(controller, env, ctx),
			]);
			for (const end of ends) if (end.status === "rejected") throw end.reason;
		},

		...(own.email && { email: own.email }),
	} satisfies ExportedHandler<Env>;
}

const OPTIONS = [
	"fetch",
	"queue",
	"scheduled",
	"email",
	"prefix",
	"config",
	"dashboard",
	"apps",
	"selftest",
] as const;

/** Returns a function that logs, at its first call, the objects of features that this Worker does not declare. */
function missingObjectsLogger(hasJournal: boolean): () => void {
	let isDone = false;
	return () => {
		if (isDone) return;
		isDone = true;
		const missing = missingOptionalObjects(hasJournal);
		if (missing.length > 0)
			log("objects_not_declared", { objects: missing.join(", ") });
	};
}

/** Reads the var when the module loads, so that a wrong var fails the deploy and not the events. */
function rolesByName(): Map<string, QueueRole> {
	return new Map(queueNames().map(({ name, role }) => [name, role]));
}

const OURS = ["/v1", "/health", "/hooks"];

/** Next to a user's own `fetch` and without a prefix, the user's own API may have its description there. */
const OURS_WITH_DESCRIPTION = [
	...OURS,
	"/openapi",
	"/openapi.json",
	"/asyncapi.json",
];

function isUnder(pathname: string, path: string): boolean {
	return pathname === path || pathname.startsWith(`${path}/`);
}

/** @throws RefusedError if the dashboard would hide the API or the user's own pages */
function checkPagesPath(path: string, prefix: string, hasFetch: boolean): void {
	const hidden =
		path === "" && hasFetch
			? "your own fetch"
			: OURS.find((ours) => isUnder(path, prefix + ours));
	if (hidden === undefined) return;
	throw new RefusedError(
		"invalid_request",
		`worker: the dashboard at ${JSON.stringify(path || "/")} would hide ${hidden}; give dashboard({ path }) another one, such as "/_tidings"`,
	);
}
