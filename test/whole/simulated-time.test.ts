/** Whole chains of retries in simulated time: the real steps between a queue and a scheduler of a few lines. */
import { afterEach, expect, test } from "vitest";
import { runChain, T0 } from "../support/chain.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Runs one delivery until it ends. Returns the time of each attempt, and how the delivery moved. */
async function failingChain(name: string, ports = recordingPorts()) {
	const attempts: { at: number; attempt: number }[] = [];
	for (const id of ["ampt", "long"])
		behaviours.set(id, (_, { attempt }) => {
			attempts.push({ at: ports.clock() - T0, attempt });
			throw new Error("still no");
		});
	return { attempts, ...(await runChain(name, ports)) };
}

test("every six minutes for 14 days: 3 361 attempts, then one dead letter", async () => {
	const {
		attempts,
		moves,
		letter: deadLetter,
	} = await failingChain("ampt.like");
	expect(attempts.map(({ attempt }) => attempt)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index + 1),
	);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(attempts.at(-1)?.at).toBe(14 * DAY);
	expect(deadLetter).toMatchObject({
		cause: "expired",
		attempts: 3_361,
		firstFailureAt: T0,
		lastFailureAt: T0 + 14 * DAY,
	});
	// One send. After every ninety deliveries of its message it moves through the scheduler.
	expect(moves).toMatchObject({ sends: 1, stores: 37, mostReads: 90 });
	expect(moves.longestInQueue).toBeLessThanOrEqual(12 * HOUR);
});

test("a delivery with waits of 20 hours waits in the scheduler, never in a queue", async () => {
	const {
		attempts,
		moves,
		letter: deadLetter,
	} = await failingChain("long.wait");
	expect(attempts.map(({ at }) => at / HOUR)).toEqual(
		Array.from({ length: 11 }, (_, index) => index * 20),
	);
	expect(moves).toEqual({
		sends: 0,
		stores: 10,
		longestInQueue: 0,
		mostReads: 1,
	});
	expect(deadLetter).toMatchObject({ cause: "exhausted", attempts: 11 });
});

test("a scheduler that is down for eight attempts delays none: the delivery stays in its queue for longer", async () => {
	const ports = recordingPorts();
	const { store } = ports.scheduler;
	let failing = 8;
	ports.scheduler.store = async (rows) => {
		if (failing-- > 0) return down();
		await store(rows);
	};
	const {
		attempts,
		letter: deadLetter,
		moves,
	} = await failingChain("ampt.like", ports);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(deadLetter).toMatchObject({ cause: "expired", attempts: 3_361 });
	expect(moves.mostReads).toBe(98);
});
