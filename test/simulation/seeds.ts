/** A thread of `simulate.ts`: runs its share of the seeds, and stops at the first seed that breaks a law. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Violation } from "./invariants.ts";
import { run } from "./run.ts";
import { draw } from "./scenario.ts";

export interface Work {
	first: number;
	/** Distance between two seeds of this thread. */
	every: number;
	/** Exclusive end. */
	until: number;
	faults: readonly string[];
}

export interface Ran {
	seed: number;
	events: number;
	steps: number;
	/** The laws that the seed has broken, at most ten. */
	violations: Violation[];
}

const { first, every, until, faults } = workerData as Work;

for (let seed = first; seed < until; seed += every) {
	const { scenario, steps, violations } = await run(draw(seed, faults));
	const { events } = scenario;
	const ran: Ran = { seed, events, steps, violations: violations.slice(0, 10) };
	parentPort?.postMessage(ran);
	if (violations.length > 0) break;
	// A seed runs in one job of the event loop. Targets of weak references are freed only after the job.
	await setImmediate();
}
