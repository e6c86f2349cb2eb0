/** The erasure of one person's data: which events it is about, and what stays of an error. Pure. */
import type { Failure } from "./failure.ts";

/** The events with a tag that were published before a time. */
export interface Erasure {
	/** The key of the tag. */
	key: string;
	/** The value of the tag. */
	value: string;
	/** Epoch milliseconds, exclusive. An event that is published later stays. */
	before: number;
}

/** What was erased in a part of a store. */
export interface Erased<Place> {
	/** Number of what was erased, by kind. */
	counts: Readonly<Record<string, number>>;
	/** Bodies that were stored apart, and were deleted. */
	payloads: number;
	/** What could not be erased, and why. */
	errors?: readonly { id: string; reason: string }[];
	/** When the store deletes by itself what could not be read, in epoch milliseconds. */
	keptUntil?: number;
	/** When to erase in all stores once more, in epoch milliseconds: some rows are on their way to a queue. */
	againAt?: number;
	/** Where the next part begins; absent at the end of the store. */
	next?: Place;
}

/**
 * Erases in a part of a store. A call does not find what an earlier one has erased.
 *
 * @param place the `next` of the call before; undefined for the first part
 * @param isDryRun only counts
 */
export type Erase<Place> = (
	erasure: Erasure,
	place: Place | undefined,
	isDryRun: boolean,
) => Promise<Erased<Place>>;

/** Whether an event is one of those to erase. */
export function isErased(
	{ key, value, before }: Erasure,
	{
		tags,
		time,
	}: { tags?: Readonly<Record<string, string>> | undefined; time: number },
): boolean {
	return tags?.[key] === value && time < before;
}

/** Removes what a person may have caused to be in an error. A thrown object can have any text as its name. */
export function withoutText({ name }: Failure): Failure {
	const isClass = /^[A-Za-z]*(Error|Exception)$/.test(name);
	return { name: isClass ? name : "Error", message: "erased" };
}
