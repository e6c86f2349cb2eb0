/**
 * Entry point of the Worker that owns its events. It combines the user's own fetch, queue, scheduled and email with ours.
 */

import { absentApps } from "./apps/extension/absent-apps.ts";
import { assemble } from "./config/assemble.ts";
import type { Config } from "./config/config.ts";
import { type Settings, settingsOf } from "./config/settings.ts";
import { consume } from "./consume/queue.ts";
import { settleUnclaimed } from "./consume/settle-message.ts";
import { hasEvents } from "./consume/unclaimed.ts";
import type { Dashboard } from "./dashboard.ts";
import { missingOptionalObjects } from "./doctor/diagnose.ts";
import type { Apps } from "./entrypoints/apps.ts";
import { createApp } from "./entrypoints/http/app.ts";
import { checkPagesPath, isUnder, ourPathsAt } from "./entrypoints/paths.ts";
import type { Selftest } from "./entrypoints/selftest.ts";
import { RefusedError } from "./event/errors.ts";
import { actingAs } from "./event/transition.ts";
import { rejectUnknownKeys } from "./event/validation.ts";
import type { Events } from "./events.ts";
import { checkHandlerPaths } from "./handlers/modules.ts";
import { runStep } from "./jobs/run-step.ts";
import { queueNames } from "./platform/bindings.ts";
import { log } from "./platform/log.ts";
import {
	type ObjectContext,
	setObjectContext,
} from "./platform/object-context.ts";
import type { QueueRole } from "./platform/queue-names.ts";
import { checkRateLimits } from "./platform/rate-limits.ts";
import { type Registration, registrationOf } from "./registration.ts";
import { absentSelftest, SELFTEST_REMEDY } from "./selftest/absent-selftest.ts";

export { mailTo } from "./entrypoints/mail.ts";
export { type OperatorProps, operator } from "./entrypoints/operator.ts";
export { type PublisherProps, publisher } from "./entrypoints/publisher.ts";
export { subscriber } from "./entrypoints/subscriber.ts";

type Owner = NonNullable<Registration["assembled"]>;

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
	checkOptions(options);
	const {
		prefix = "",
		config,
		dashboard,
		apps,
		selftest: selftestOption = false,
		...userHandlers
	} = options;
	const selftest = selftestOption || undefined;
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
	const owner: Owner = {
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
	const hasUserFetch = userHandlers.fetch !== undefined;
	const ourPaths = ourPathsAt(prefix, hasUserFetch);
	const pagesPath =
		prefix + (dashboard?.path ?? (hasUserFetch ? "/_tidings" : ""));
	if (dashboard) checkPagesPath(pagesPath, prefix, hasUserFetch);
	const pages = dashboard?.serve({
		ports,
		apps: extension.ports,
		settings,
		path: pagesPath,
		prefix,
	});
	setObjectContext(contextOf(owner, settings));

	const logMissing = missingObjectsLogger(settings.journal !== false);
	return {
		async fetch(request, env, ctx) {
			logMissing();
			const { pathname } = new URL(request.url);
			const isApi = ourPaths.some((path) => isUnder(pathname, path));
			if (pages && !isApi && isUnder(pathname, pagesPath))
				return pages(request, env as Cloudflare.Env, ctx);
			return userHandlers.fetch && !isApi
				? userHandlers.fetch(request, env, ctx)
				: app.fetch(request, env as Cloudflare.Env, ctx);
		},

		async queue(batch, env, ctx) {
			logMissing();
			const role = roles.get(batch.queue);
			if (role) return owner.consume(batch.messages, role);
			if (userHandlers.queue && !hasEvents(batch))
				return userHandlers.queue(batch, env, ctx);
			await settleUnclaimed(batch, [...roles.keys()], consumerPorts);
		},

		async scheduled(controller, env, ctx) {
			logMissing();
			// Both settle: a failed watch must not interrupt the user's own work.
			const ends = await Promise.allSettled([
				ports.scheduler.watch(),
				userHandlers.scheduled?.(controller, env, ctx),
			]);
			for (const end of ends) if (end.status === "rejected") throw end.reason;
		},

		...(userHandlers.email && { email: userHandlers.email }),
	} satisfies ExportedHandler<Env>;
}

/** @throws RefusedError for an unknown option, or one that cannot be used */
function checkOptions<Env>(options: WorkerOptions<Env>): void {
	rejectUnknownKeys("worker", options, OPTIONS);
	const { prefix = "", apps, selftest } = options;
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

/** Returns the context of the Durable Objects of this Worker. */
function contextOf(
	owner: Owner,
	{ retention, journal }: Settings,
): ObjectContext {
	const { ports, consumerPorts, apps } = owner;
	return {
		queues: consumerPorts.queues,
		payloads: consumerPorts.payloads,
		observe: ports.observe,
		deadLetterRetention: retention.deadLetters,
		journalRetention: journal ? journal.retention : 0,
		runJobStep: (step) =>
			runStep(step, actingAs(ports, step.by), retention.queues),
		runLifecycle: apps.runLifecycle,
		enqueuePoll: apps.enqueuePoll,
		// The test kit replaces it.
		consume: (messages, role) => owner.consume(messages, role),
	};
}

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
