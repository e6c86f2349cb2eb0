/** Finds the apps of the owner's own Worker and of those behind service bindings. Caches data, never a promise. */
import { reviveError, UnavailableError } from "../event/errors.ts";
import { LIST_TIME, LISTING_TTL, SILENCE_TTL } from "../event/limits.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import type { CallSignature } from "../handlers/call-signature.ts";
import { log } from "../platform/log.ts";
import { inTime } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import type { App } from "./app.ts";
import type { AppWorker } from "./app-ports.ts";
import { type AppDeclaration, declarationFrom } from "./declaration.ts";
import { ownAppOf } from "./own-app.ts";
import type { HookRequest, Received } from "./webhooks/trigger.ts";

/** The methods for apps of another Worker's `Subscriber` entrypoint. */
export interface AppBinding {
	apps(signature?: CallSignature): Promise<AppDeclaration[]>;
	receive(
		eventName: string,
		request: HookRequest,
		signature?: CallSignature,
	): Promise<Received>;
	/** Returns the error, because an error that is thrown over RPC is logged as uncaught. */
	checkPayload(
		eventName: string,
		payload: unknown,
		signature?: CallSignature,
	): Promise<object | null>;
}

type AppWorkerDeps = Pick<Ports, "clock" | "timer">;

/** The apps that the configuration gives to Workers, by the keys of the Workers. */
type Assigned = Readonly<
	Record<string, { apps?: readonly string[] | undefined }>
>;

/** @param bindings finds each Worker's binding by its key, anew for each call */
export function appWorkers(
	apps: readonly App[],
	{ all }: Ports["workers"],
	bindings: ReadonlyMap<string, () => AppBinding>,
	assigned: Assigned,
	deps: AppWorkerDeps,
): AppWorker[] {
	const own = apps.map(({ declaration }) => declaration);
	const taken = [
		...own.map(({ name }) => name),
		...Object.values(assigned).flatMap(({ apps = [] }) => apps),
	];
	return all.map((worker) => {
		const binding = bindings.get(worker.key);
		if (!binding) return ownApps(worker, apps, deps);
		const { apps: given } = assigned[worker.key] ?? {};
		const mayHave = (name: string) =>
			given ? given.includes(name) : !taken.includes(name);
		return remoteApps(worker, binding, mayHave, deps);
	});
}

function ownApps(
	worker: HandlerWorker,
	apps: readonly App[],
	deps: AppWorkerDeps,
): AppWorker {
	const own = apps.map(({ declaration }) => declaration);
	return {
		worker,
		apps: async () => own,
		had: (name) => own.some((one) => one.name === name),
		receive(name, request) {
			const { app, event } = ownAppOf(apps, name);
			const answer = app.receive(event, request, deps.clock());
			return answerOf(worker, name, answer, deps);
		},
		async checkPayload(name, payload) {
			const { app, event } = ownAppOf(apps, name);
			app.checkPayload(event, payload);
		},
	};
}

/** @param mayHave whether the configuration permits that this Worker has an app */
function remoteApps(
	worker: HandlerWorker,
	binding: () => AppBinding,
	mayHave: (app: string) => boolean,
	deps: AppWorkerDeps,
): AppWorker {
	const { clock, timer } = deps;
	let cached: { until: number; apps: AppDeclaration[] | undefined } | undefined;
	let last: readonly AppDeclaration[] = [];

	async function ask(): Promise<AppDeclaration[] | undefined> {
		// Other requests use the earlier list meanwhile.
		if (cached) cached.until = clock() + LIST_TIME;
		try {
			const listed = inTime(binding().apps(), LIST_TIME, timer);
			const answer: unknown = await listed.catch(withoutApps);
			const all = (answer as unknown[]).map(declarationFrom);
			const apps = all.filter(({ name }) => mayHave(name));
			if (apps.length < all.length) reportRefused(all);
			cached = { until: clock() + LISTING_TTL, apps };
			last = apps;
			return apps;
		} catch (error) {
			log("worker_apps_unreadable", { worker: worker.key, error });
			cached = { until: clock() + SILENCE_TTL, apps: undefined };
			return undefined;
		}
	}

	function reportRefused(all: readonly AppDeclaration[]): void {
		const names = all.map(({ name }) => name).filter((name) => !mayHave(name));
		log("worker_apps_refused", { worker: worker.key, apps: names });
	}

	return {
		worker,
		apps: async () => (cached && clock() < cached.until ? cached.apps : ask()),
		had: (name) => last.some((one) => one.name === name),
		receive: (name, request) =>
			answerOf(worker, name, binding().receive(name, request), deps),
		async checkPayload(name, payload) {
			const checking = binding().checkPayload(name, payload);
			const error = await inTime(checking, LIST_TIME, timer).catch((error) => {
				log("payload_not_checked", { name, worker: worker.key, error });
				throw new UnavailableError(
					`the Worker ${worker.key} did not check the payload of ${name}; try again`,
				);
			});
			if (error) throw reviveError(error);
		},
	};
}

/** Waits for the answer of an app's code, equally long in this Worker and in another one. */
function answerOf(
	{ key: worker }: HandlerWorker,
	name: string,
	answer: Promise<Received>,
	{ timer }: AppWorkerDeps,
): Promise<Received> {
	return inTime(answer, LIST_TIME, timer).catch((error) => {
		log("webhook_worker_failed", { worker, name, error });
		throw new UnavailableError(
			`the Worker of ${name} did not answer for its webhook; try again`,
		);
	});
}

/** An entrypoint without the method `apps` has no apps. Any other failure may hide some. */
function withoutApps(error: unknown): [] {
	if (error instanceof TypeError && /does not implement/.test(error.message))
		return [];
	throw error;
}
