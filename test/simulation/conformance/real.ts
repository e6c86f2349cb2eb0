/** The real local runtime: the probe runs on workerd, and time passes by itself. */
import { vi } from "vitest";
import { createTestHarness } from "wrangler";
import type { Outcome } from "./commands.ts";
import type { Platform } from "./under-test.ts";

const POLL = { interval: 20, timeout: 15_000 };

/** @param timeout milliseconds after which what does not hold has failed */
export async function real(timeout = POLL.timeout): Promise<Platform> {
	const harness = createTestHarness({
		root: import.meta.dirname,
		workers: [{ configPath: "wrangler.toml" }],
	});
	await harness.listen();
	return {
		async perform(command) {
			const response = await harness.fetch("/", {
				method: "POST",
				body: JSON.stringify(command),
			});
			return response.json() as Promise<Outcome>;
		},
		until: (holds) =>
			vi.waitFor(
				async () => {
					if (!(await holds())) throw new Error("it does not hold yet");
				},
				{ ...POLL, timeout },
			),
		close: () => harness.close(),
	};
}
