/** The bench of memory measures what it says; how much that is it tells when it is run. */
import { afterAll, expect, test } from "vitest";
import { measure } from "../../bench/memory/measure.ts";
import { type Running, start } from "../../bench/memory/runtime.ts";
import { scenarios } from "../../bench/memory/scenarios.ts";

let running: Running | undefined;
afterAll(() => running?.stop());

test.for([
	["KB of rows, 3 handlers", 0.02],
	["calls of a webhook", 0.02],
	["due at one instant, 1 KB", 0.002],
	["subscriptions, 1 KB", 0.0002],
] as const)(
	"the heap of a few %s is looked at until all of it is handled",
	async ([part, share]) => {
		running ??= await start(64);
		const scenario = scenarios(share).find(({ name }) => name.includes(part));
		if (!scenario) throw new Error("there is no such scenario");
		for (const isLive of [false, true]) {
			const measured = await measure(scenario, running, isLive);
			expect(measured.handled).toBe(scenario.handled);
			expect(measured.samples).toBeGreaterThan(0);
			expect(measured.peak).toBeGreaterThan(1_000_000);
			expect(measured.peak).toBeLessThan(64_000_000);
			expect(measured.idle).toBeGreaterThan(1_000_000);
		}
	},
);
