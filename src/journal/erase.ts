/**
 * Erases one person from the pages of the journal: rewrites each page that has entries of theirs. A batch that is
 * appended to a page meanwhile must not be lost.
 */
import { type Erasure, isErased } from "../event/erasure.ts";
import { deleteAll } from "../payloads/payloads.ts";
import type { PayloadStore } from "../ports.ts";
import { mayHave } from "./bloom.ts";
import { type Entry, erasedEntry, tagKey } from "./entry.ts";
import { entriesIn, pageOf } from "./page.ts";
import type { PageTable, StoredSummary } from "./page-table.ts";

/** Summaries that one call reads. */
const MOST_SUMMARIES = 5_000;

/** Pages that one call opens. */
const MOST_PAGES = 50;

/** A day since 1970 and a page. The next call begins at the page before it. */
export type PagePlace = readonly [day: number, before: number];

type ErasablePages = Pick<PageTable, "days" | "summaries" | "data" | "replace">;

/**
 * Erases in the next pages of one day, the latest first.
 *
 * @param isDryRun only counts entries
 * @throws UnavailableError if a body could not be deleted; the page then keeps its reference to it
 */
export async function erasePages(
	erasure: Erasure,
	from: PagePlace | undefined,
	isDryRun: boolean,
	pages: ErasablePages,
	payloads: Pick<PayloadStore, "delete">,
): Promise<{
	entries: number;
	payloads: number;
	/** Pages that could not be read. They are deleted with their day. */
	unreadable: { day: number; id: number }[];
	next?: PagePlace;
}> {
	const unreadable: { day: number; id: number }[] = [];
	const result = { entries: 0, payloads: 0, unreadable };
	const [latest, before] = from ?? [Number.MAX_SAFE_INTEGER, LAST];
	const [day, nextDay] = pages.days().filter((one) => one <= latest);
	if (day === undefined) return result;
	const chunk = pages.summaries(
		day,
		day === latest ? before : LAST,
		MOST_SUMMARIES,
	);
	const key = tagKey(erasure.key, erasure.value, false);
	let opened = 0;
	for (const page of chunk) {
		if (!mayHave(page.bloom, key)) continue;
		if (opened++ === MOST_PAGES) return { ...result, next: [day, page.id + 1] };
		const erased = await erasePage(page, erasure, isDryRun, pages, payloads);
		if (!erased) unreadable.push({ day, id: page.id });
		result.entries += erased?.entries ?? 0;
		result.payloads += erased?.payloads ?? 0;
	}
	const last = chunk.at(-1);
	if (last && chunk.length === MOST_SUMMARIES)
		return { ...result, next: [day, last.id] };
	return nextDay === undefined ? result : { ...result, next: [nextDay, LAST] };
}

const LAST = Number.MAX_SAFE_INTEGER;

/** Returns null if the page cannot be read. */
async function erasePage(
	{ day, id, bloom }: StoredSummary,
	erasure: Erasure,
	isDryRun: boolean,
	pages: ErasablePages,
	payloads: Pick<PayloadStore, "delete">,
): Promise<{ entries: number; payloads: number } | null> {
	let deleted = 0;
	for (;;) {
		const opened = await openPage(pages, day, id);
		if (!opened) return null;
		const { data, entries } = opened;
		const matching = entries.filter((entry) => isErased(erasure, entry));
		if (matching.length === 0 || isDryRun)
			return { entries: matching.length, payloads: deleted };
		// The bodies first: without the entry, their keys would not be known any more.
		const keys = matching.flatMap(({ reference }) => reference ?? []);
		deleted += await deleteAll(keys, payloads);
		const now = Date.now();
		const page = await pageOf(
			entries.map((entry) =>
				isErased(erasure, entry) ? erasedEntry(entry, now) : entry,
			),
			bloom.length,
		);
		// A batch may have been appended during each await. Then the page is read again.
		if (pages.replace(day, id, data, page))
			return { entries: matching.length, payloads: deleted };
	}
}

/** Returns null for a page that is damaged, or was dropped meanwhile. */
async function openPage(
	pages: ErasablePages,
	day: number,
	id: number,
): Promise<{ data: Uint8Array; entries: Entry[] } | null> {
	try {
		const data = pages.data(day, id);
		return data ? { data, entries: await entriesIn(data) } : null;
	} catch {
		return null;
	}
}
