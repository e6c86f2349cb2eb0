/** Waits until an event's way is as it should be. */
import { expect, vi } from "vitest";
import { transitions } from "./observed.ts";

export const wait = { timeout: 10_000, interval: 10 };

/** The types of an event's transitions, sorted, with the attempt of each delivery. */
export function transitionsOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map((transition) =>
			"attempt" in transition
				? `${transition.type} ${transition.attempt}`
				: transition.type,
		)
		.sort();
}

/** Waits until the event has exactly these transitions. */
export async function expectTransitions(
	id: string,
	way: string[],
): Promise<void> {
	await vi.waitFor(
		() => expect(transitionsOf(id)).toEqual(way.toSorted()),
		wait,
	);
}
