/** The events that are published for each fault point, one of each kind. */
import type { Publish } from "./api.ts";
import type { Site } from "./site.ts";

/** More than 112 000 bytes, so that it is stored by reference. */
const LARGE = "x".repeat(120_000);

/** Milliseconds. */
const SOON = 1_000;

/** The calls that publish the events. */
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

/** The body contains the kind of the event, for the labels of fault points. */
export function large(name: string, after?: number): Publish {
	const of = after === undefined ? "an event" : "a scheduled event";
	return { ...small(name, after), body: { of, large: LARGE } };
}
