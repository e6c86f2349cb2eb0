/** The simulated platform without faults. Time passes only as far as a claim needs. */
import { Fate } from "../../../src/testing/platform/fate.ts";
import { Invocation } from "../../../src/testing/platform/invocation.ts";
import { Isolate } from "../../../src/testing/platform/isolate.ts";
import { Platform as Simulation } from "../../../src/testing/platform/platform.ts";
import type { Platform } from "./bench.ts";
import { type Command, perform } from "./commands.ts";
import worker, { Probe } from "./worker.ts";

const SEED = 1;
const START = Date.UTC(2027, 0, 1);

/** Timeout of a command or condition, in simulated milliseconds. */
const LIMIT = 3_600_000;

/** As in `wrangler.toml`. */
const queue = {
	batchSize: 10,
	maxRetries: 2,
	retryDelay: 0,
	retention: 4 * 86_400_000,
	concurrency: 1,
};

export async function simulated(): Promise<Platform> {
	const simulation = new Simulation(
		{
			deployed: () => ({
				queue: (batch) => worker.queue(batch as never),
				scheduled: () => worker.scheduled(),
			}),
			objects: { Probe: () => Probe as never },
			vars: {},
			queues: {
				work: { ...queue, binding: "WORK_QUEUE", deadLetterQueue: "dead" },
				dead: { ...queue, binding: "DEAD_QUEUE" },
			},
			skewed: 0,
			// The local runtime fires these alarms, so it cannot confirm that production does not.
			hasStuckAlarms: false,
			subjectsOf: () => [],
		},
		new Fate(SEED, {}),
		START,
		() => {},
	);
	const { time } = simulation;
	const caller = new Isolate(simulation, "caller");

	async function runUntilSettled<Result>(
		promise: Promise<Result>,
	): Promise<Result> {
		let isOver = false;
		const end = () => {
			isOver = true;
		};
		promise.then(end, end);
		await new Promise((resolve) => setImmediate(resolve));
		if (!(await time.run(time.now + LIMIT, () => isOver)))
			throw new Error("it never ends");
		return promise;
	}

	return {
		async perform(command) {
			// JSON copies commands and outcomes, as HTTP does on the real platform.
			const copy = JSON.parse(JSON.stringify(command)) as Command;
			const invocation = new Invocation(caller);
			const outcome = invocation.run(() => perform(copy));
			return JSON.parse(
				JSON.stringify(
					await runUntilSettled(outcome.finally(() => invocation.returned())),
				),
			);
		},
		async tick() {
			simulation.tick();
			await time.run(time.now + 1, () => false);
		},
		async until(holds) {
			const last = time.now + LIMIT;
			while (!(await holds())) {
				const { steps } = time;
				const isOver = () => time.steps > steps;
				if (!(await time.run(last, isOver)))
					throw new Error("it does not hold, and nothing is left to happen");
			}
		},
		close: async () => simulation.close(),
	};
}
