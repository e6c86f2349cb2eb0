/** Runs the Worker on the local runtime, and sends it commands over HTTP. */
import type { Counts } from "../cost/counts.ts";
import type { Action } from "./actions.ts";

export interface Performed {
	counts: Counts;
	/** Milliseconds until all messages and calls ended. */
	ms: number;
}

export interface Running {
	perform(action: Action, input?: unknown): Promise<Performed>;
	stop(): Promise<void>;
}

export async function start(): Promise<Running> {
	// wrangler reads these variables while it loads and builds. It would log each batch.
	process.env.WRANGLER_LOG = "none";
	// A deployed build: that of `wrangler dev` has another scheduler.
	process.env.NODE_ENV ??= "production";
	const { createTestHarness } = await import("wrangler");
	const harness = createTestHarness({
		root: import.meta.dirname,
		workers: [{ configPath: "wrangler.toml" }],
	});
	await harness.listen();
	return {
		async perform(action, input = null) {
			const began = performance.now();
			const response = await harness.fetch("/", {
				method: "POST",
				body: JSON.stringify({ action, input }),
			});
			if (!response.ok)
				throw new Error(
					`${action}: ${response.status} ${await response.text()}`,
				);
			const counts = (await response.json()) as Counts;
			return { counts, ms: performance.now() - began };
		},
		stop: () => harness.close(),
	};
}
