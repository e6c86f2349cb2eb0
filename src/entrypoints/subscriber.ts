/** How the owner of the events comes in: an entrypoint that lists this Worker's handlers, and runs those of a call. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Call, Reporter } from "../contract/call.ts";
import { type Listed, listedOf } from "../contract/route.ts";
import { type Events, ownerOf } from "../events.ts";
import { run } from "../run.ts";

/**
 * The entrypoint to export as `Subscriber` from a Worker that brings handlers. The owner of the events binds
 * it and names the binding in its `tidings.config.ts`.
 *
 * @example
 * export const Subscriber = subscriber(events);
 */
export function subscriber(events: Events) {
	const owner = ownerOf(events);

	return class Subscriber extends WorkerEntrypoint {
		async handlers(): Promise<Listed[]> {
			return owner.handlers.list().map(listedOf);
		}

		/** Runs handlers one after the other, each within its time, and reports each as soon as it has ended. */
		async deliver(call: Call, report: Reporter): Promise<void> {
			await run(call, report, owner);
		}
	};
}
