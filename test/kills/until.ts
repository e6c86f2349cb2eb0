/** Waits for a condition, for a bounded time. */
import { setTimeout as pause } from "node:timers/promises";

/** Shortest and longest pause between two checks, in milliseconds. It grows with the time waited. */
const SHORTEST = 50;
const LONGEST = 1_000;

/** Checks until nothing is left. Returns what is left when the time is over. */
export async function untilNone(
	left: () => Promise<string[]>,
	ms: number,
): Promise<string[]> {
	const startedAt = Date.now();
	for (;;) {
		const rest = await left();
		const waited = Date.now() - startedAt;
		if (rest.length === 0 || waited > ms) return rest;
		await pause(Math.min(SHORTEST + waited / 20, LONGEST));
	}
}
