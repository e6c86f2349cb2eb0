/** Waits until an event's way is as it should be. */
import { expect, vi } from "vitest";
import { transitions } from "./observed.ts";

export const wait = { timeout: 10_000, interval: 10 };

/** The types of an event's transitions, sorted, with the attempt of each delivery. */
export function wayOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map((transition) =>
			"attempt" in transition
				? `${transition.type} ${transition.attempt}`
				: transition.type,
		)
		.sort();
}

/** Waits until it is so, and goes no further. */
export async function expectWay(id: string, way: string[]): Promise<void> {
	await vi.waitFor(() => expect(wayOf(id)).toEqual(way.toSorted()), wait);
}
