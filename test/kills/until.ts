/** Waiting for a condition, bounded: nothing here waits for time to pass. */
import { setTimeout as pause } from "node:timers/promises";

/** Between two questions pass at least and at most so many milliseconds: the longer it has waited, the more. */
const OFTENEST = 50;
const RAREST = 1_000;

/** Asks until there is nothing left to wait for. @returns what is still left when the time is over */
export async function untilNone(
	left: () => Promise<string[]>,
	ms: number,
): Promise<string[]> {
	const begun = Date.now();
	for (;;) {
		const rest = await left();
		const waited = Date.now() - begun;
		if (rest.length === 0 || waited > ms) return rest;
		await pause(Math.min(OFTENEST + waited / 20, RAREST));
	}
}
