/**
 * The Workers that run handlers: the owner's own, called in place, and those behind service bindings, which
 * are asked for their handlers once a minute. What is kept between requests is data, never a promise.
 */
import { env } from "cloudflare:workers";
import { type App, receiveFor } from "../apps/app.ts";
import type { AppHost, AppIdentity } from "../apps/app-host.ts";
import { type AppDeclaration, declarationFrom } from "../apps/declaration.ts";
import type { HookRequest, Received } from "../apps/webhooks/trigger.ts";
import { UnavailableError } from "../event/errors.ts";
import {
	LIST_KEPT,
	LIST_TIME,
	MAX_TIMEOUT,
	SILENCE_KEPT,
} from "../event/limits.ts";
import { reportOf } from "../event/outcome.ts";
import { inTime } from "../platform/timer.ts";
import type { Call, HandlerWorker, HandlerWorkers, Reporter } from "./call.ts";
import {
	type HandlerListing,
	listingOf,
	listingsFrom,
	qualifiedId,
	type Routes,
	type Routing,
	routesInVain,
	routesOf,
	workerKeyOf,
} from "./route.ts";
import { type Running, run } from "./run.ts";

/** A service binding to another Worker's `Subscriber` entrypoint. */
export interface SubscriberBinding {
	handlers(): Promise<HandlerListing[]>;
	deliver(call: Call, report: Reporter, door?: AppHost): Promise<void>;
	apps(): Promise<AppDeclaration[]>;
	/** Asks an app whether a call of its webhook is to be held. */
	receive(eventName: string, request: HookRequest): Promise<Received>;
}

export interface Consuming extends Running {
	/** What the code of an app may ask while it runs. */
	doorOf(inName: AppIdentity): AppHost;
	/** The apps of this Worker. */
	apps: readonly App[];
}

/**
 * A call may take so much longer than its handlers before it counts as cut off, in milliseconds: for each of
 * them, and at the most, as an invocation ends after 15 minutes.
 */
const CALL_GRACE = 5_000;
const MOST_GRACE = 60_000;

/** @param bound names of bindings, by the key of each Worker */
export function consumersOf(
	bound: Readonly<Record<string, string>>,
	routing: Routing,
	ports: Consuming,
): HandlerWorkers {
	const own = ownConsumer(routing, ports);
	const others = new Map(
		Object.entries(bound).map(([key, binding]) => [
			key,
			boundConsumer(key, binding, routing, ports),
		]),
	);
	const behind = new Map(
		routing.overrides.map(({ id, handler }) => [id, handler]),
	);
	return {
		all: [own, ...others.values()],
		forHandler(id) {
			const handler = behind.get(id) ?? id;
			return others.get(workerKeyOf(handler) ?? "") ?? own;
		},
	};
}

function ownConsumer(routing: Routing, ports: Consuming): HandlerWorker {
	let known: { from: unknown; routes: Routes } | undefined;
	return {
		key: "",
		routes() {
			const from = ports.handlers.list();
			if (known?.from !== from)
				known = { from, routes: routesOf("", from.map(listingOf), routing) };
			return known.routes;
		},
		run: (call, report) =>
			run(call, report, ports, call.inName && ports.doorOf(call.inName)),
		isReachable: async () => true,
		apps: async () => ports.apps.map(({ declaration }) => declaration),
		receive: (name, request) => receiveFor(ports.apps, name, request, ports),
	};
}

function boundConsumer(
	key: string,
	binding: string,
	routing: Routing,
	ports: Consuming,
): HandlerWorker {
	const now = () => ports.clock();
	let known: Known | undefined;
	let silentAt = Number.NEGATIVE_INFINITY;
	const toldOf = new Set<string>();

	async function ask(): Promise<Routes | undefined> {
		const before = known;
		try {
			const [listed, apps] = await inTime(
				Promise.all([bound().handlers(), appsOf(bound())]),
				LIST_TIME,
				ports.timer,
			);
			const routes = routesOf(key, listingsFrom(listed), routing);
			// Who tells its handlers and not its apps is asked for those again soon.
			const at = apps ? now() : now() - LIST_KEPT + SILENCE_KEPT;
			known = { at, routes, apps };
			tellOfVain(known.routes);
			return known.routes;
		} catch (error) {
			console.error(
				`tidings: the Worker ${key} did not list its handlers, its events wait: is it deployed, and has its binding ${binding} entrypoint = "Subscriber"?`,
				error,
			);
			// One that asked beside this one was answered.
			if (known && known !== before) return known.routes;
			known = undefined;
			silentAt = now();
			return undefined;
		}
	}

	/** Once an isolate: such a Worker may be deployed later, or its handler's name is misspelt. */
	function tellOfVain(routes: Routes): void {
		for (const { id, handler } of routesInVain(key, routing, routes)) {
			if (toldOf.has(id)) continue;
			toldOf.add(id);
			const ids = routes.list.map((route) => qualifiedId(key, route.handler));
			const listed = [...new Set(ids)].join(", ") || "none";
			console.warn(
				`tidings.config.ts: routes[${JSON.stringify(id)}]: the Worker ${key} has no handler ${JSON.stringify(handler)} now, only ${listed}`,
			);
		}
	}

	/** Found anew for each call, as bindings belong to requests. */
	function bound(): SubscriberBinding {
		return (env as unknown as Record<string, SubscriberBinding>)[
			binding
		] as SubscriberBinding;
	}

	return {
		key,
		routes() {
			if (known && now() - known.at < LIST_KEPT) return known.routes;
			return now() - silentAt < SILENCE_KEPT ? undefined : ask();
		},
		async run(call, report) {
			const { length } = call.handlers;
			const most = Math.min(length * MAX_TIMEOUT, call.within + MAX_TIMEOUT);
			const time = most + Math.min(length * CALL_GRACE, MOST_GRACE);
			const told: Reporter = async (id, value) => report(id, reportOf(value));
			// In whose name stays here, and the user's tokens with it: the door is made for it.
			const { inName, parsed: _, ...sent } = call;
			const door = inName && ports.doorOf(inName);
			const answer = bound().deliver(sent, told, door);
			await inTime(answer, time, ports.timer);
		},
		async apps() {
			return (await this.routes()) && known?.apps;
		},
		receive: (name, request) =>
			inTime(bound().receive(name, request), LIST_TIME, ports.timer).catch(
				(error) => {
					throw new UnavailableError(
						`the Worker ${key} does not answer for ${name}: ${error.message}`,
					);
				},
			),
		isReachable: async () => (await ask()) !== undefined,
	};
}

/** What is known of a Worker, and since when. */
interface Known {
	at: number;
	routes: Routes;
	/** Undefined where it has not told them. */
	apps: readonly AppDeclaration[] | undefined;
}

/** One of an older Tidings has none; one that does not tell, or not so that it can be read, may have some. */
async function appsOf(
	bound: SubscriberBinding,
): Promise<AppDeclaration[] | undefined> {
	try {
		const told: unknown = await bound.apps();
		return (told as unknown[]).map(declarationFrom);
	} catch (error) {
		if (isWithoutMethod(error)) return [];
		console.error("tidings: a Worker did not tell its apps", error);
		return undefined;
	}
}

/** By its text, for the runtime gives it nothing else to be told by. */
function isWithoutMethod(error: unknown): boolean {
	return error instanceof TypeError && /does not implement/.test(error.message);
}
