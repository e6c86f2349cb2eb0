/** The entry of the journal: what one message, or one call, reported about one event. Pure. */
import type { CloudEventAttributes } from "../event/cloud-events/attributes.ts";
import { withoutText } from "../event/erasure.ts";
import type { Transition } from "../event/transition.ts";

type WithoutEvent<One> = One extends unknown
	? Omit<One, "id" | "event">
	: never;

/** One transition of the entry's event. */
export type Step = WithoutEvent<Transition>;

/**
 * An event has an entry for each batch that carried a message of it: its retries and replays have entries of their own.
 */
export interface Entry {
	id: string;
	name: string;
	/** When the event was published, in epoch milliseconds. */
	time: number;
	/** Milliseconds; absent for an event that was not scheduled. */
	delay?: number;
	/** Who published: the id of an API key, or the name of an app; absent for the Worker that owns the events. */
	by?: string;
	tags?: Readonly<Record<string, string>>;
	/** The W3C trace context of the publisher. */
	trace?: string;
	/** The attributes of the CloudEvent that the event was published as. */
	cloudEvent?: CloudEventAttributes;
	/** How long the message waited in its queue, in milliseconds; absent if the entry is not from a message. */
	queuedMs?: number;
	/** In the order in which they happened. */
	steps: readonly Step[];
	/** JSON text, cut to the configured size. */
	body?: string;
	/** Bytes of the whole body, if it was cut. */
	bodyBytes?: number;
	/** The key of the body, if it is stored apart. */
	reference?: string;
	/** When a job erased its body, tags and error texts, in epoch milliseconds. */
	erasedAt?: number;
}

/** Returns an entry without anything that may be about a person. Members that are added later are left out, too. */
export function erasedEntry(
	{ id, name, time, delay, by, queuedMs, steps }: Entry,
	erasedAt: number,
): Entry {
	return {
		id,
		name,
		time,
		...(delay !== undefined && { delay }),
		...(by !== undefined && { by }),
		...(queuedMs !== undefined && { queuedMs }),
		steps: steps.map((step) =>
			"error" in step ? { ...step, error: withoutText(step.error) } : step,
		),
		erasedAt,
	};
}

/** Whether an attempt of the entry failed, or a delivery ended as a dead letter. */
export function hasFailed({ steps }: Entry): boolean {
	return steps.some(({ type }) => type === "retrying" || type === "dead");
}

/** Returns the ids of the handlers that an entry names, also more than once. */
export function handlersOf({ steps }: Entry): string[] {
	return steps.flatMap((step) => {
		if ("handlers" in step) return step.handlers;
		return "handler" in step && step.handler !== undefined
			? [step.handler]
			: [];
	});
}

/** Epoch milliseconds of the first and the last step. */
export function spanOf({ steps, time }: Entry): [first: number, last: number] {
	const times = steps.map(({ at }) => at);
	return times.length === 0
		? [time, time]
		: [Math.min(...times), Math.max(...times)];
}

/** Returns the keys under which the Bloom filter of a page finds an entry. */
export function filterKeysOf(entry: Entry): string[] {
	const tags = Object.entries(entry.tags ?? {});
	return [
		idKey(entry.id),
		...tags.map(([key, value]) => tagKey(key, value, false)),
		...(hasFailed(entry)
			? tags.map(([key, value]) => tagKey(key, value, true))
			: []),
	];
}

/** Returns the key of an event's id. */
export function idKey(id: string): string {
	return `id=${id}`;
}

/** Returns the key of a tag. @param failed finds only entries with a failure, which most searches look for */
export function tagKey(key: string, value: string, failed: boolean): string {
	return `${failed ? "failed" : "tag"}.${key}=${value}`;
}
