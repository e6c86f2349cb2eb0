/** Finds the apps of the owner's own Worker and of those behind service bindings. Caches data, never a promise. */
import { UnavailableError } from "../event/errors.ts";
import { LIST_TIME, LISTING_TTL, SILENCE_TTL } from "../event/limits.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import { log } from "../platform/log.ts";
import { inTime } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import { type App, receiveWebhook } from "./app.ts";
import type { AppWorker } from "./app-ports.ts";
import { type AppDeclaration, declarationFrom } from "./declaration.ts";
import type { HookRequest, Received } from "./webhooks/trigger.ts";

/** The methods for apps of another Worker's `Subscriber` entrypoint. */
export interface AppBinding {
	apps(): Promise<AppDeclaration[]>;
	receive(eventName: string, request: HookRequest): Promise<Received>;
}

type AppWorkerDeps = Pick<Ports, "clock" | "timer">;

/** @param bindings finds each Worker's binding by its key, anew for each call */
export function appWorkers(
	apps: readonly App[],
	{ all }: Ports["workers"],
	bindings: ReadonlyMap<string, () => AppBinding>,
	deps: AppWorkerDeps,
): AppWorker[] {
	return all.map((worker) => {
		const binding = bindings.get(worker.key);
		return binding
			? remoteApps(worker, binding, deps)
			: ownApps(worker, apps, deps);
	});
}

function ownApps(
	worker: HandlerWorker,
	apps: readonly App[],
	deps: AppWorkerDeps,
): AppWorker {
	return {
		worker,
		apps: async () => apps.map(({ declaration }) => declaration),
		receive: (name, request) => receiveWebhook(apps, name, request, deps),
	};
}

function remoteApps(
	worker: HandlerWorker,
	binding: () => AppBinding,
	{ clock, timer }: AppWorkerDeps,
): AppWorker {
	let cached: { until: number; apps: AppDeclaration[] | undefined } | undefined;

	async function ask(): Promise<AppDeclaration[] | undefined> {
		try {
			const listed = inTime(binding().apps(), LIST_TIME, timer);
			const answer: unknown = await listed.catch(withoutApps);
			const apps = (answer as unknown[]).map(declarationFrom);
			cached = { until: clock() + LISTING_TTL, apps };
			return apps;
		} catch (error) {
			log("worker_apps_unreadable", { worker: worker.key, error });
			cached = { until: clock() + SILENCE_TTL, apps: undefined };
			return undefined;
		}
	}

	return {
		worker,
		apps: async () => (cached && clock() < cached.until ? cached.apps : ask()),
		receive: (name, request) =>
			inTime(binding().receive(name, request), LIST_TIME, timer).catch(
				(error) => {
					log("webhook_worker_failed", { worker: worker.key, name, error });
					throw new UnavailableError(
						`the Worker ${worker.key} did not answer for the webhook of ${name}; try again`,
					);
				},
			),
	};
}

/** An entrypoint without the method `apps` has no apps. Any other failure may hide some. */
function withoutApps(error: unknown): [] {
	if (error instanceof TypeError && /does not implement/.test(error.message))
		return [];
	throw error;
}
