/**
 * Finds the events that match, each once, although an event has entries on several pages. A job goes through them in
 * steps while other entries are appended. It writes nothing.
 */
import { isReservedName, matches } from "../event/name.ts";
import type { Filter } from "../lists/filter.ts";
import { mayHave } from "./bloom.ts";
import { type Entry, idKey } from "./entry.ts";
import { type EventLife, lifeOf } from "./life.ts";
import {
	isMatch,
	isOutside,
	type JournalCursor,
	type Pages,
	read,
	search,
} from "./search.ts";

/** Summaries read at a time. */
const CHUNK = 500;

/** By how much the clocks of two machines may differ, in milliseconds. */
const SKEW = 60_000;

/** Where a job is in the journal. */
export interface Place {
	/** The end of the journal when the job began. Entries after it are not a part of the job. */
	start: JournalCursor;
	/** The next step begins at the entry before this one. */
	from: JournalCursor;
}

export interface LivesQuery {
	filter: Filter;
	/** Patterns of names, of which an event must match one. */
	names: readonly string[];
	/** Absent in the first step. */
	place?: Place | undefined;
	/** The most entries that are looked at. */
	limit: number;
}

export interface LivesResult {
	/** The latest first. */
	found: EventLife[];
	/** Where this step began. */
	place: Place;
	/** Where the next step begins; absent if everything was searched. */
	next?: Place;
	/** Pages that could not be read. */
	unreadable: number;
}

/**
 * Finds the next events that match. An event is found at the latest of its entries that match and precede the start of
 * the job. Neither a later entry nor the end of a day's retention changes which entry that is.
 */
export async function findLives(
	{ filter, names, limit, ...query }: LivesQuery,
	pages: Pages,
): Promise<LivesResult> {
	const { place = placeAtEnd(pages) } = query;
	const { start, from } = place;
	const result = await search(filter, from, limit, pages);
	const named = result.entries
		.map((entry, index) => ({
			entry,
			at: result.positions[index] as JournalCursor,
		}))
		.filter(({ entry }) => isNamed(entry, names));
	const entries = await entriesOf(
		named.map(({ entry }) => entry),
		pages,
	);
	const found = named.flatMap(({ entry: { id }, at }) => {
		const all = entries.get(id) ?? [];
		const isElsewhere = all.some(
			(one) =>
				isAfter(one.at, at) &&
				isAfter(start, one.at) &&
				isMatch(one.entry, filter),
		);
		if (isElsewhere || all.length === 0) return [];
		return [lifeOf(all.map(({ entry }) => entry))];
	});
	const { cursor, unreadable } = result;
	return {
		...{ found, place, unreadable },
		...(cursor && { next: { start, from: cursor } }),
	};
}

/** Finds the ids of the next events that match. An event may be found in several steps. */
export async function findIds(
	{ filter, names, place, limit }: LivesQuery,
	pages: Pages,
): Promise<{ ids: string[]; next?: Place }> {
	const { start, from } = place ?? placeAtEnd(pages);
	const { entries, cursor } = await search(filter, from, limit, pages);
	const ids = entries
		.filter((entry) => isNamed(entry, names))
		.map(({ id }) => id);
	return {
		ids: [...new Set(ids)],
		...(cursor && { next: { start, from: cursor } }),
	};
}

/** No pattern matches the name of an app's event. */
function isNamed({ name }: Entry, patterns: readonly string[]): boolean {
	return !isReservedName(name) && patterns.some((one) => matches(one, name));
}

function placeAtEnd(pages: Pages): Place {
	const [day = 0] = pages.days();
	const [last] = day ? pages.summaries(day, Number.MAX_SAFE_INTEGER, 1) : [];
	// A page grows at its end, so the number of its entries is the place after the last one.
	const end: JournalCursor = [day, last?.id ?? 0, last?.count ?? 0];
	return { start: end, from: end };
}

interface Placed {
	entry: Entry;
	at: JournalCursor;
}

/** Reads all entries of some events, the latest first, in one pass over the summaries. */
async function entriesOf(
	events: readonly Pick<Entry, "id" | "time">[],
	pages: Pages,
): Promise<Map<string, Placed[]>> {
	const found = new Map<string, Placed[]>(events.map(({ id }) => [id, []]));
	if (events.length === 0) return found;
	const keys = [...found.keys()].map(idKey);
	const since = Math.min(...events.map(({ time }) => time)) - SKEW;
	for (const day of pages.days()) {
		if (isOutside(day, { since })) continue;
		for (let before = Number.MAX_SAFE_INTEGER; ; ) {
			const chunk = pages.summaries(day, before, CHUNK);
			for (const { id, last, bloom } of chunk) {
				before = id;
				if (last < since || !keys.some((key) => mayHave(bloom, key))) continue;
				const entries = (await read(pages, { day, id })) ?? [];
				for (const [number, entry] of [...entries.entries()].reverse())
					found.get(entry.id)?.push({ entry, at: [day, id, number] });
			}
			if (chunk.length < CHUNK) break;
		}
	}
	return found;
}

function isAfter(one: JournalCursor, other: JournalCursor): boolean {
	const index = one.findIndex((part, index) => part !== other[index]);
	return index >= 0 && Number(one[index]) > Number(other[index]);
}
