/**
 * Searches the journal from the latest page back: summary, Bloom filter, and only then the page. A search stops after a
 * number of pages and returns where it stopped. It writes nothing.
 */

import { matches } from "../event/name.ts";
import type { Filter } from "../lists/filter.ts";
import { matchesGlob } from "../lists/glob.ts";
import { mayHave } from "./bloom.ts";
import { type Entry, handlersOf, idKey, spanOf, tagKey } from "./entry.ts";
import { stateAfter } from "./life.ts";
import { entriesIn, type Summary } from "./page.ts";
import type { StoredSummary } from "./page-table.ts";

/** Summaries that one search reads. */
export const MOST_SUMMARIES = 10_000;

/** Pages that one search opens. */
export const MOST_PAGES = 200;

/** Summaries read at a time: few at first, because the latest pages have what most lists show. */
const FIRST_CHUNK = 8;
const CHUNK = 500;

/** The next search begins at the entry before this one of this page. */
export type JournalCursor = readonly [day: number, page: number, entry: number];

/** After every entry of a page. */
export const LAST = Number.MAX_SAFE_INTEGER;

/** What one search has found. */
export interface SearchResult {
	/** The latest first. */
	entries: Entry[];
	/** Where the next search continues; absent if everything was searched. */
	cursor?: JournalCursor;
	/** The search has reached this time, in epoch milliseconds. */
	searchedUntil: number;
	/** Pages that could not be read. */
	unreadable: PageKey[];
}

/** Identifies a page. */
export type PageKey = Pick<StoredSummary, "day" | "id">;

/** What a search needs of the table of the pages. */
export interface ReadablePages {
	days(): number[];
	summaries(day: number, before: number, limit: number): StoredSummary[];
	data(day: number, id: number): Uint8Array | undefined;
}

/**
 * @param from where to begin: a `cursor`, or undefined for the latest entry
 * @param limit the most entries
 */
export async function search(
	filter: Filter,
	from: JournalCursor | undefined,
	limit: number,
	pages: ReadablePages,
): Promise<SearchResult> {
	const result: SearchResult = {
		entries: [],
		searchedUntil: Date.now(),
		unreadable: [],
	};
	const { entries } = result;
	let opened = 0;
	let last: StoredSummary | undefined;
	let seen = 0;
	for (const summary of summariesBefore(from, filter, pages)) {
		const { day, id } = summary;
		if (entries.length >= limit || opened >= MOST_PAGES)
			return { ...result, cursor: [day, id, LAST] };
		seen++;
		last = summary;
		result.searchedUntil = summary.first;
		if (!mayMatch(summary, filter)) continue;
		opened++;
		const found = await read(pages, summary);
		if (!found) {
			result.unreadable.push({ day, id });
			continue;
		}
		let number = endOf(summary, found.length, from);
		while (number > 0 && entries.length < limit) {
			const entry = found[--number] as Entry;
			if (!isMatch(entry, filter)) continue;
			entries.push(entry);
		}
		if (number > 0) return { ...result, cursor: [day, id, number] };
	}
	return last && seen === MOST_SUMMARIES
		? { ...result, cursor: [last.day, last.id - 1, LAST] }
		: result;
}

/** Yields the summaries from a place back, the latest first, at most `most`. */
export function* summariesBefore(
	from: JournalCursor | undefined,
	filter: Pick<Filter, "since" | "until">,
	pages: ReadablePages,
	most = MOST_SUMMARIES,
): Generator<StoredSummary> {
	const [firstDay, firstPage] = from ?? [Number.POSITIVE_INFINITY, 0];
	let left = most;
	let next = FIRST_CHUNK;
	for (const day of pages.days()) {
		if (day > firstDay || isOutside(day, filter)) continue;
		let before = day === firstDay ? firstPage + 1 : Number.MAX_SAFE_INTEGER;
		while (left > 0) {
			const size = Math.min(next, left);
			next = Math.min(CHUNK, 4 * next);
			const chunk = pages.summaries(day, before, size);
			left -= chunk.length;
			yield* chunk;
			if (chunk.length < size) break;
			before = (chunk.at(-1) as StoredSummary).id;
		}
	}
}

/** The number of entries of a page that precede a place. A page grows at its end, so the number of an entry stays. */
export function endOf(
	{ day, id }: PageKey,
	count: number,
	from: JournalCursor | undefined,
): number {
	const isFirst = from && day === from[0] && id === from[1];
	return isFirst ? Math.min(from[2], count) : count;
}

/** Returns undefined for a page that is damaged, or was dropped meanwhile. */
export async function read(
	pages: ReadablePages,
	{ day, id }: PageKey,
): Promise<Entry[] | undefined> {
	try {
		const data = pages.data(day, id);
		return data && (await entriesIn(data));
	} catch {
		return undefined;
	}
}

const DAY = 86_400_000;

/** Whether no page of a day, in days since 1970, can have an entry of a time. */
function isOutside(
	day: number,
	{ since, until }: Pick<Filter, "since" | "until">,
): boolean {
	// A page may end on the day after its entries.
	return (
		(since !== undefined && (day + 1) * DAY <= since) ||
		(until !== undefined && (day - 1) * DAY >= until)
	);
}

const FAILURES: readonly unknown[] = ["retrying", "dead"];

/** Whether a page can have an entry that matches. */
export function mayMatch(page: Summary, filter: Filter): boolean {
	const { id, name, handler, tags = {} } = filter;
	return (
		mayMatchPart(page, filter) &&
		(name === undefined || page.names.some((one) => matches(name, one))) &&
		(handler === undefined ||
			page.handlers.some((one) => matchesGlob(handler, one))) &&
		(id === undefined || mayHave(page.bloom, idKey(id))) &&
		Object.entries(tags).every(([key, value]) =>
			mayHave(page.bloom, tagKey(key, value, mustHaveFailed(filter))),
		)
	);
}

/** Whether a part of a page can have an entry that matches. Less is known of it than of its page. */
export function mayMatchPart(
	{ first, last, failures }: Pick<Summary, "first" | "last" | "failures">,
	filter: Filter,
): boolean {
	const { since, until } = filter;
	return (
		(since === undefined || last >= since) &&
		(until === undefined || first < until) &&
		(failures > 0 || !mustHaveFailed(filter))
	);
}

function mustHaveFailed({ state, cause }: Filter): boolean {
	return FAILURES.includes(state) || cause !== undefined;
}

/** Whether an entry matches a filter. */
export function isMatch(entry: Entry, filter: Filter): boolean {
	const { id, name, tags = {}, since, until, text } = filter;
	const [first, last] = spanOf(entry);
	return (
		(id === undefined || entry.id === id) &&
		(name === undefined || matches(name, entry.name)) &&
		(since === undefined || last >= since) &&
		(until === undefined || first < until) &&
		Object.entries(tags).every(([key, value]) => entry.tags?.[key] === value) &&
		hasStep(entry, filter) &&
		(text === undefined || hasText(entry, text.toLowerCase()))
	);
}

/** Handler, state and cause must be those of one step. */
function hasStep(entry: Entry, { handler, state, cause }: Filter): boolean {
	if (state === undefined && cause === undefined)
		return (
			handler === undefined ||
			handlersOf(entry).some((one) => matchesGlob(handler, one))
		);
	return entry.steps.some(
		(step) =>
			(state === undefined || stateAfter(step) === state) &&
			(cause === undefined || ("cause" in step && step.cause === cause)) &&
			(handler === undefined ||
				("handler" in step && matchesGlob(handler, step.handler ?? ""))),
	);
}

function hasText({ steps, body = "" }: Entry, text: string): boolean {
	if (body.toLowerCase().includes(text)) return true;
	return steps.some(
		(step) =>
			"error" in step &&
			`${step.error.name}: ${step.error.message}`.toLowerCase().includes(text),
	);
}
