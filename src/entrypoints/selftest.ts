/** `selftest()`: adds the selftest to the Worker that owns the events. Only a Worker that calls it bundles its code. */
import type { Extension } from "../consume/extension.ts";
import type { Ports } from "../ports.ts";
import { selftestExtension } from "../selftest/extension.ts";
import { type RegisterRoutes, selftestRoutes } from "./http/selftest.ts";

/** For the option `selftest` of `worker()`. */
export interface Selftest {
	/** Called once, by `worker()`. */
	extend(ports: () => Ports): Extension;
	/** Called once, by `worker()`. */
	routes(ports: Ports): RegisterRoutes;
}

/**
 * Adds the selftest, which `npx tidings selftest` starts: it publishes canaries, and reports whether each arrived.
 *
 * @example
 * export default worker(events, { selftest: selftest() });
 */
export function selftest(): Selftest {
	return { extend: selftestExtension, routes: selftestRoutes };
}
