/**
 * Finds the events that match, each once, although an event has entries on several pages. A job goes through them in
 * steps while other entries are appended. It writes nothing.
 */
import { CLOCK_SKEW } from "../event/limits.ts";
import { isReservedName, matches } from "../event/name.ts";
import type { Filter } from "../lists/filter.ts";
import type { Entry } from "./entry.ts";
import { type EventPages, findEventPages, MOST_PAGES } from "./event-pages.ts";
import { type EventLife, lifeOf } from "./life.ts";
import {
	isMatch,
	type JournalCursor,
	type PageKey,
	type ReadablePages,
	read,
	search,
} from "./search.ts";

/** Unreadable pages that a place remembers. */
const MOST_UNREADABLE = 1_000;

/** Where a job is in the journal. */
export interface LivesPlace {
	/** The end of the journal when the job began. Entries after it are not a part of the job. */
	start: JournalCursor;
	/** The batch begins at the entry before this one. */
	from: JournalCursor;
	/** The most entries of the batch that match. */
	limit: number;
	/** The batch, while the search for other entries of its events goes on. */
	batch?: Batch;
	/** The pages that could not be read so far, so that each is counted once. At most 1 000. */
	unreadable: readonly PageKey[];
}

interface Batch extends EventPages {
	/** Where the next batch begins; absent at the end. */
	to?: JournalCursor;
}

/** Which events a job looks for. */
export interface LivesQuery {
	filter: Filter;
	/** Patterns of names, of which an event must match one. */
	names: readonly string[];
	/** Absent in the first step. */
	place?: LivesPlace | undefined;
	/** The most entries that match, in one step. */
	limit: number;
}

/** What one step of a job has found. */
export interface LivesResult {
	/** The latest first. Empty while the search for their other entries goes on. */
	found: EventLife[];
	/** Ids of events of which a page that cannot be read may have more. */
	incomplete: readonly string[];
	/** Where this step began. */
	place: LivesPlace;
	/** Where the next step begins; absent if everything was searched. */
	next?: LivesPlace;
	/** Number of pages that could not be read, without those that an earlier step has counted. */
	unreadable: number;
}

/**
 * Finds the next events that match. An event is found at the latest of its entries that match and precede the start of
 * the job. Neither a later entry nor the end of a day's retention changes which entry that is.
 *
 * A call reads at most 15 000 summaries and opens at most 600 pages.
 */
export async function findLives(
	query: LivesQuery,
	pages: ReadablePages,
): Promise<LivesResult> {
	const place = query.place ?? placeAtEnd(query.limit, pages);
	const { start, from, limit } = place;
	const { batch, unreadable } = place.batch
		? { batch: place.batch, unreadable: [] }
		: await beginBatch(query, place, pages);
	const { to } = batch;
	const { reached, ...others } = await findEventPages(batch, pages);
	const known = withPages(place.unreadable, [
		...unreadable,
		...others.unreadable,
	]);
	const result = {
		found: [],
		incomplete: [],
		place,
		unreadable: known.length - place.unreadable.length,
	};
	const after = { start, from, limit, unreadable: known };
	const isOnTooMany = reached.pages.length > MOST_PAGES;
	if (isOnTooMany && limit > 1)
		return { ...result, next: { ...after, limit: Math.floor(limit / 2) } };
	if (reached.before !== null && !isOnTooMany)
		return { ...result, next: { ...after, batch: { ...batch, ...reached } } };
	const found = await livesOn(reached, place, query.filter, pages);
	const isIncomplete = new Set(isOnTooMany ? batch.ids : reached.incomplete);
	const nextLimit = Math.min(query.limit, limit * 2);
	return {
		...result,
		found,
		incomplete: found.map(({ id }) => id).filter((id) => isIncomplete.has(id)),
		...(to && { next: { ...after, from: to, limit: nextLimit } }),
	};
}

async function beginBatch(
	{ filter, names }: LivesQuery,
	{ from, limit }: LivesPlace,
	pages: ReadablePages,
): Promise<{ batch: Batch; unreadable: PageKey[] }> {
	const { entries, cursor, unreadable } = await search(
		filter,
		from,
		limit,
		pages,
	);
	const named = entries.filter((entry) => isNamed(entry, names));
	const batch: Batch = {
		ids: [...new Set(named.map(({ id }) => id))],
		since: Math.min(...named.map(({ time }) => time)) - CLOCK_SKEW,
		pages: [],
		incomplete: [],
		...(cursor && { to: cursor }),
	};
	return { batch, unreadable };
}

/** Merges the entries of the events of a batch, but not of those that an earlier batch has found. */
async function livesOn(
	{ ids, pages: keys }: EventPages,
	{ start, from }: LivesPlace,
	filter: Filter,
	pages: ReadablePages,
): Promise<EventLife[]> {
	// The latest first.
	const placed = new Map<string, { entry: Entry; at: JournalCursor }[]>(
		ids.map((id) => [id, []]),
	);
	for (const { day, id } of keys) {
		const entries = (await read(pages, { day, id })) ?? [];
		for (const [number, entry] of [...entries.entries()].reverse())
			placed.get(entry.id)?.push({ entry, at: [day, id, number] });
	}
	return [...placed.values()].flatMap((all) => {
		const first = all.find(
			({ entry, at }) => isAfter(start, at) && isMatch(entry, filter),
		);
		return first && isAfter(from, first.at)
			? [lifeOf(all.map(({ entry }) => entry))]
			: [];
	});
}

/** Finds the ids of the next events that match. An event may be found in several steps. */
export async function findIds(
	{ filter, names, limit, ...query }: LivesQuery,
	pages: ReadablePages,
): Promise<{ ids: string[]; next?: LivesPlace }> {
	const place = query.place ?? placeAtEnd(limit, pages);
	const { entries, cursor } = await search(filter, place.from, limit, pages);
	const ids = entries
		.filter((entry) => isNamed(entry, names))
		.map(({ id }) => id);
	return {
		ids: [...new Set(ids)],
		...(cursor && { next: { ...place, from: cursor } }),
	};
}

/** No pattern matches the name of an app's event. */
function isNamed({ name }: Entry, patterns: readonly string[]): boolean {
	return !isReservedName(name) && patterns.some((one) => matches(one, name));
}

function placeAtEnd(limit: number, pages: ReadablePages): LivesPlace {
	const [day = 0] = pages.days();
	const [last] = day ? pages.summaries(day, Number.MAX_SAFE_INTEGER, 1) : [];
	// A page grows at its end, so the number of its entries is the place after the last one.
	const end: JournalCursor = [day, last?.id ?? 0, last?.count ?? 0];
	return { start: end, from: end, limit, unreadable: [] };
}

function withPages(
	known: readonly PageKey[],
	found: readonly PageKey[],
): PageKey[] {
	const all = [...known];
	for (const { day, id } of found) {
		const isKnown = all.some((page) => page.day === day && page.id === id);
		if (!isKnown && all.length < MOST_UNREADABLE) all.push({ day, id });
	}
	return all;
}

function isAfter(one: JournalCursor, other: JournalCursor): boolean {
	const index = one.findIndex((part, index) => part !== other[index]);
	return index >= 0 && Number(one[index]) > Number(other[index]);
}
