/** Whole chains of retries under simulated time: the steps as they are, between a queue and a scheduler of a few lines. */
import { afterEach, expect, test } from "vitest";
import { runChain, T0 } from "../support/chain.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Runs one delivery's chain until it ends; tells each attempt's time and what carried it. */
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
	const { attempts, moves, letter } = await failingChain("ampt.like");
	expect(attempts.map(({ attempt }) => attempt)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index + 1),
	);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(attempts.at(-1)?.at).toBe(14 * DAY);
	expect(letter).toMatchObject({
		cause: "expired",
		attempts: 3_361,
		firstFailureAt: T0,
		lastFailureAt: T0 + 14 * DAY,
	});
	// One send, and every ninety tries a move through the scheduler.
	expect(moves).toMatchObject({ sends: 1, holds: 37, mostTries: 90 });
	expect(moves.longestInQueue).toBeLessThanOrEqual(12 * HOUR);
});

test("waits of 20 hours are spent in the scheduler, never in a queue", async () => {
	const { attempts, moves, letter } = await failingChain("long.wait");
	expect(attempts.map(({ at }) => at / HOUR)).toEqual(
		Array.from({ length: 11 }, (_, index) => index * 20),
	);
	expect(moves).toEqual({
		sends: 0,
		holds: 10,
		longestInQueue: 0,
		mostTries: 1,
	});
	expect(letter).toMatchObject({ cause: "exhausted", attempts: 11 });
});

test("a scheduler that is down for some tries costs the chain nothing but a few more in its queue", async () => {
	const ports = recordingPorts();
	const { store } = ports.scheduler;
	let failing = 8;
	ports.scheduler.store = async (rows) => {
		if (failing-- > 0) return down();
		await store(rows);
	};
	const { attempts, letter, moves } = await failingChain("ampt.like", ports);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(letter).toMatchObject({ cause: "expired", attempts: 3_361 });
	expect(moves.mostTries).toBe(98);
});
