/** The local runtime: the probe runs on workerd, in real time. */
import { vi } from "vitest";
import { createTestHarness } from "wrangler";
import type { Platform } from "./bench.ts";
import type { Outcome } from "./commands.ts";

/** @param timeout of a condition, in milliseconds */
export async function real(timeout: number): Promise<Platform> {
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
		async tick() {
			await harness.getWorker("conformance").scheduled({ cron: "* * * * *" });
		},
		until: (holds) =>
			vi.waitFor(
				async () => {
					if (!(await holds()))
						throw new Error("the condition is not true yet");
				},
				{ interval: 20, timeout },
			),
		close: () => harness.close(),
	};
}
