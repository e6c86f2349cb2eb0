/**
 * Finds the pages that have entries of given events, a bounded number of pages at a time. It merges no entries and
 * writes nothing.
 */
import { mayHave } from "./bloom.ts";
import { idKey } from "./entry.ts";
import {
	LAST,
	type PageKey,
	type ReadablePages,
	read,
	summariesBefore,
} from "./search.ts";

/** Summaries that one call reads. */
const MOST_SUMMARIES = 5_000;

/** Pages that one call opens. */
const MOST_OPENED = 200;

/** Pages that are collected for a number of events. */
export const MOST_PAGES = 200;

/** How far the search for the pages of some events is. */
export interface EventPages {
	ids: readonly string[];
	/** Pages that end earlier have no entry of them. Epoch milliseconds. */
	since: number;
	/** The search goes on before this page. Null at its end. Absent at its beginning. */
	before?: PageKey | null;
	/** Those that have an entry of them, the latest first. More than 200 end the search. */
	pages: readonly PageKey[];
	/** The ids that a page which cannot be read may have. */
	incomplete: readonly string[];
}

/** Searches in the next pages, the latest first. Returns how far it got, and the pages that it could not read. */
export async function findEventPages(
	from: EventPages,
	stored: ReadablePages,
): Promise<{ reached: EventPages; unreadable: PageKey[] }> {
	const { ids, since, before } = from;
	const pages = [...from.pages];
	const incomplete = new Set(from.incomplete);
	const unreadable: PageKey[] = [];
	const stopBefore = (page: PageKey | null) => ({
		reached: { ids, since, before: page, pages, incomplete: [...incomplete] },
		unreadable,
	});
	if (ids.length === 0 || before === null) return stopBefore(null);
	const start = before && ([before.day, before.id - 1, LAST] as const);
	let last = before;
	let seen = 0;
	let opened = 0;
	const summaries = summariesBefore(start, { since }, stored, MOST_SUMMARIES);
	for (const { day, id, bloom, ...summary } of summaries) {
		if (last && opened >= MOST_OPENED) return stopBefore(last);
		seen++;
		last = { day, id };
		if (summary.last < since) continue;
		const wanted = ids.filter((one) => mayHave(bloom, idKey(one)));
		if (wanted.length === 0) continue;
		opened++;
		const entries = await read(stored, last);
		if (!entries) {
			unreadable.push(last);
			for (const one of wanted) incomplete.add(one);
		} else if (entries.some((entry) => wanted.includes(entry.id)))
			pages.push(last);
		if (pages.length > MOST_PAGES) return stopBefore(last);
	}
	return stopBefore(last && seen === MOST_SUMMARIES ? last : null);
}
