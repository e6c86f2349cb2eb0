/** A little of everything that can happen to an event: what is published once for each fault point. */
import type { Publish } from "./api.ts";
import type { Site } from "./site.ts";

/** Over 112 000 bytes, so that it travels by reference. */
const LARGE = "x".repeat(120_000);

/** Milliseconds. */
const SOON = 1_000;

/** The calls in which it is published. */
const CALLS: Publish[][] = [
	[small("lost-once.doomed")],
	[small("now.doomed")],
	[small("later.doomed", SOON)],
	[large("large.doomed")],
	[large("large.later", SOON)],
	[
		small("batch.now"),
		small("batch.other"),
		small("batch.later", SOON / 2),
		large("batch.large"),
	],
];

export async function play(site: Site): Promise<void> {
	for (const call of CALLS) await site.publish(call);
}

export function small(name: string, after?: number): Publish {
	return { name, body: null, ...(after !== undefined && { after }) };
}

/** The body says which way the event takes, for the label of a fault point. */
export function large(name: string, after?: number): Publish {
	const of = after === undefined ? "an event" : "a scheduled event";
	return { ...small(name, after), body: { of, large: LARGE } };
}
