/** The Worker on the real local runtime, asked from outside: what it counted, and the time until all of it had ended. */
import type { Counts } from "../cost/counts.ts";
import type { Act } from "./acts.ts";

export interface Performed {
	counts: Counts;
	ms: number;
}

export interface Running {
	perform(act: Act, input?: unknown): Promise<Performed>;
	stop(): Promise<void>;
}

export async function start(): Promise<Running> {
	// It reads its environment when it is loaded, and would tell of each batch.
	process.env.WRANGLER_LOG = "none";
	const { createTestHarness } = await import("wrangler");
	const harness = createTestHarness({
		root: import.meta.dirname,
		workers: [{ configPath: "wrangler.toml" }],
	});
	await harness.listen();
	return {
		async perform(act, input = null) {
			const began = performance.now();
			const response = await harness.fetch("/", {
				method: "POST",
				body: JSON.stringify({ act, input }),
			});
			if (!response.ok)
				throw new Error(`${act}: ${response.status} ${await response.text()}`);
			const counts = (await response.json()) as Counts;
			return { counts, ms: performance.now() - began };
		},
		stop: () => harness.close(),
	};
}
