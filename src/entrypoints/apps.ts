/** `apps()`: adds apps to the Worker that owns the events. Only a Worker that calls it bundles their code. */
import type { AppPorts } from "../apps/app-ports.ts";
import { extend } from "../apps/extension/extend.ts";
import type { Extend } from "../apps/extension/extension.ts";
import { type AppRoutes, appRoutes } from "./http/apps/routes.ts";

/** For the option `apps` of `worker()`. */
export interface Apps {
	/** Called once, by `worker()`. */
	readonly extend: Extend;
	/** Called once, by `worker()`. */
	routes(ports: AppPorts): AppRoutes;
}

/**
 * Adds apps to the Worker that owns the events: its own, and those of the Workers that it binds.
 *
 * @example
 * export default worker(events, { apps: apps() });
 */
export function apps(): Apps {
	return { extend, routes: appRoutes };
}
