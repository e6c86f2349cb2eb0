/**
 * The Workers that run handlers: the owner's own, called in place, and those behind service bindings, which
 * are asked for their handlers once a minute. What is kept between requests is data, never a promise.
 */
import { env } from "cloudflare:workers";
import type { Timer } from "./attempt.ts";
import type { Call, Consumer, Consumers, Reporter } from "./contract/call.ts";
import {
	LIST_KEPT,
	LIST_TIME,
	MAX_TIMEOUT,
	SILENCE_KEPT,
} from "./contract/limits.ts";
import { reportOf } from "./contract/outcome.ts";
import {
	idIn,
	keyOf,
	type Listed,
	listedFrom,
	listedOf,
	type Routes,
	type Routing,
	routesInVain,
	routesOf,
} from "./contract/route.ts";
import { type Running, run } from "./run.ts";

/** A service binding to another Worker's `Subscriber` entrypoint. */
export interface SubscriberBinding {
	handlers(): Promise<Listed[]>;
	deliver(call: Call, report: Reporter): Promise<void>;
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
	ports: Running,
): Consumers {
	const own = ownConsumer(routing, ports);
	const others = new Map(
		Object.entries(bound).map(([key, binding]) => [
			key,
			boundConsumer(key, binding, routing, ports),
		]),
	);
	const behind = new Map(
		routing.changes.map(({ id, handler }) => [id, handler]),
	);
	return {
		all: [own, ...others.values()],
		of(id) {
			const handler = behind.get(id) ?? id;
			return others.get(keyOf(handler) ?? "") ?? own;
		},
	};
}

function ownConsumer(routing: Routing, ports: Running): Consumer {
	let known: { from: unknown; routes: Routes } | undefined;
	return {
		key: "",
		async routes() {
			const from = ports.handlers.list();
			if (known?.from !== from)
				known = { from, routes: routesOf("", from.map(listedOf), routing) };
			return known.routes;
		},
		run: (call, report) => run(call, report, ports),
		answers: async () => true,
	};
}

function boundConsumer(
	key: string,
	binding: string,
	routing: Routing,
	ports: Running,
): Consumer {
	const now = () => ports.clock();
	let known: { at: number; routes: Routes } | undefined;
	let silentAt = Number.NEGATIVE_INFINITY;
	const toldOf = new Set<string>();

	async function ask(): Promise<Routes | undefined> {
		const before = known;
		try {
			const answer = await inTime(bound().handlers(), LIST_TIME, ports.timer);
			known = {
				at: now(),
				routes: routesOf(key, listedFrom(answer), routing),
			};
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
			const ids = routes.list.map((route) => idIn(key, route.handler));
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
		async routes() {
			if (known && now() - known.at < LIST_KEPT) return known.routes;
			return now() - silentAt < SILENCE_KEPT ? undefined : ask();
		},
		async run(call, report) {
			const { length } = call.handlers;
			const most = Math.min(length * MAX_TIMEOUT, call.within + MAX_TIMEOUT);
			const time = most + Math.min(length * CALL_GRACE, MOST_GRACE);
			const told: Reporter = (id, value) => report(id, reportOf(value));
			await inTime(bound().deliver(call, told), time, ports.timer);
		},
		answers: async () => (await ask()) !== undefined,
	};
}

/** @throws Error when it takes longer than so many milliseconds */
async function inTime<Result>(
	answer: Promise<Result>,
	ms: number,
	timer: Timer,
): Promise<Result> {
	const late = Promise.withResolvers<never>();
	const stop = timer(
		() => late.reject(new Error(`no answer within ${ms} ms`)),
		ms,
	);
	try {
		return await Promise.race([answer, late.promise]);
	} finally {
		stop();
	}
}
