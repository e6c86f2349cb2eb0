/** The Workers that run handlers: the owner of the events, called in place, and those behind service bindings. */
import type { Ports } from "../ports.ts";
import type { HandlerWorker } from "./call.ts";
import { listingOf } from "./listing.ts";
import type { HandlerRegistry } from "./registry.ts";
import { remoteWorker, type SubscriberBinding } from "./remote-worker.ts";
import {
	type Routes,
	type Routing,
	routesOf,
	routesWithoutHandler,
	workerKeyOf,
} from "./route.ts";
import { run } from "./run.ts";

/** @param bindings for each Worker's key: finds its binding, anew for each call */
export function handlerWorkers(
	registry: HandlerRegistry,
	bindings: ReadonlyMap<string, () => SubscriberBinding>,
	routing: Routing,
	ports: Pick<Ports, "clock" | "timer">,
): Ports["workers"] {
	const own = ownWorker(registry, routing, ports);
	const others = new Map(
		[...bindings].map(([key, binding]) => [
			key,
			remoteWorker(key, binding, routing, ports),
		]),
	);
	const renamed = new Map(
		routing.overrides.map(({ id, handler }) => [id, handler]),
	);
	return {
		all: [own, ...others.values()],
		forHandler(id) {
			const key = workerKeyOf(renamed.get(id) ?? id) ?? "";
			return others.get(key) ?? own;
		},
		async routesWithoutHandler() {
			const missing = [...others].map(async ([key, worker]) => {
				const routes = await worker.routes();
				return routes ? routesWithoutHandler(key, routing, routes) : [];
			});
			return (await Promise.all(missing)).flat().map(({ id }) => id);
		},
	};
}

function ownWorker(
	registry: HandlerRegistry,
	routing: Routing,
	ports: Pick<Ports, "clock" | "timer">,
): HandlerWorker {
	let cached: { from: unknown; routes: Routes } | undefined;
	return {
		key: "",
		async routes() {
			const from = registry.list();
			if (cached?.from !== from)
				cached = { from, routes: routesOf("", from.map(listingOf), routing) };
			return cached.routes;
		},
		run: (call, report, host) => run(call, report, registry, ports, host),
		isReachable: async () => true,
	};
}
