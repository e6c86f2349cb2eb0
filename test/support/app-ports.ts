/** The ports of a Worker with apps. */
import type { Events } from "tidings";
import type { AppPorts } from "../../src/apps/app-ports.ts";
import { appsOf } from "../../src/registration.ts";

export function appPortsOf(events: Events): AppPorts {
	const { ports } = appsOf(events);
	if (ports) return ports;
	throw new Error(
		"the Worker under test has no apps; pass apps: apps() to worker()",
	);
}
