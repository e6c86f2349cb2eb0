/**
 * Lists the events that match, each once, with what happened to it from its due time until the latest of its entries
 * that matches. It goes from the latest page back, and writes nothing.
 */
import { timeOf } from "../event/id.ts";
import type { Filter } from "../lists/filter.ts";
import { mayHave } from "./bloom.ts";
import { type Entry, idKey } from "./entry.ts";
import { entriesOf, type Part, partsIn } from "./page.ts";
import type { StoredSummary } from "./page-table.ts";
import {
	endOf,
	isMatch,
	type JournalCursor,
	LAST,
	MOST_PAGES,
	MOST_SUMMARIES,
	mayMatch,
	mayMatchPart,
	type ReadablePages,
	summariesBefore,
} from "./search.ts";

/**
 * By how much the clocks of two machines are assumed to differ, in milliseconds. It is less than `CLOCK_SKEW`, with
 * which a list would open more pages in vain.
 */
const ASSUMED_SKEW = 1_000;

/** Ids that a cursor has: with more, it would be too long for an address. Events beyond them can be listed again. */
const MOST_LISTED = 100;

/** Entries that a list has, however many events they are of. */
const MOST_ENTRIES = 5_000;

export interface ListCursor {
	/** The list continues at the entry before this one. */
	at: JournalCursor;
	/** Events that are listed already and can have earlier entries. At most 100. */
	listed: readonly string[];
}

export interface EventList {
	/** The entries of each event, the latest first. */
	events: Entry[][];
	/** Where the list continues; absent if everything was searched. */
	cursor?: ListCursor;
	/** The search has reached this time, in epoch milliseconds. */
	searchedUntil: number;
	/** Number of pages that could not be read. */
	unreadable: number;
}

/**
 * Reads at most 10 000 summaries and opens at most 200 pages. An event that began before them lacks its first entries.
 *
 * @param from the `cursor` of the page before, or undefined for the latest event
 * @param limit the most events
 */
export async function listEntries(
	filter: Filter,
	from: ListCursor | undefined,
	limit: number,
	pages: ReadablePages,
): Promise<EventList> {
	const list = new Listing(filter, from, limit);
	let seen = 0;
	let opened = 0;
	let unreadable = 0;
	for (const summary of summariesBefore(from?.at, filter, pages)) {
		if (list.isComplete(summary)) break;
		if (++seen === MOST_SUMMARIES || opened === MOST_PAGES || list.isLong()) {
			list.stopBefore(summary, LAST);
			break;
		}
		if (!list.wants(summary)) continue;
		opened++;
		if (!(await list.readPage(summary, pages))) unreadable++;
	}
	return { ...list.result(), unreadable };
}

class Listing {
	readonly #filter: Filter;
	readonly #from: ListCursor | undefined;
	readonly #limit: number;
	readonly #events = new Map<string, Entry[]>();
	#entries = 0;
	/** With the time at which its page ends. */
	#cursor: { at: JournalCursor; last: number } | undefined;
	#searchedUntil = Date.now();

	constructor(filter: Filter, from: ListCursor | undefined, limit: number) {
		this.#filter = filter;
		this.#from = from;
		this.#limit = limit;
	}

	/** Whether the list is full, and neither this page nor an earlier one has more of its events. */
	isComplete(summary: StoredSummary): boolean {
		const isFull = this.#events.size >= this.#limit;
		const isComplete = isFull && this.#open(summary).length === 0;
		if (isComplete) this.stopBefore(summary, LAST);
		return isComplete;
	}

	isLong(): boolean {
		return this.#entries >= MOST_ENTRIES;
	}

	/** Whether a page can have an event that matches, or more of one that is listed. */
	wants(summary: StoredSummary): boolean {
		if (!this.#cursor) this.#searchedUntil = summary.first;
		const isSearched = !this.#cursor && mayMatch(summary, this.#filter);
		return (
			isSearched ||
			this.#open(summary).some((id) => mayHave(summary.bloom, idKey(id)))
		);
	}

	/**
	 * Reads the parts of a page that can have an event that matches, or more of one that is listed. Returns false if it is
	 * damaged, or was dropped meanwhile.
	 */
	async readPage(
		summary: StoredSummary,
		pages: ReadablePages,
	): Promise<boolean> {
		try {
			const data = pages.data(summary.day, summary.id);
			if (!data) return false;
			for (const part of partsIn(data).reverse())
				if (this.#wantsPart(part))
					this.#add(summary, part.offset, await entriesOf(part));
			return true;
		} catch {
			return false;
		}
	}

	#wantsPart(part: Part): boolean {
		const isSearched = !this.#cursor && mayMatchPart(part, this.#filter);
		return isSearched || this.#open(part).length > 0;
	}

	/** @param offset number of entries of the page that precede these */
	#add(
		summary: StoredSummary,
		offset: number,
		entries: readonly Entry[],
	): void {
		const end = offset + entries.length;
		let number = endOf(summary, end, this.#from?.at);
		for (; number > offset; number--) {
			const entry = entries[number - offset - 1] as Entry;
			const known = this.#events.get(entry.id);
			if (!known && !this.#isNew(entry)) continue;
			if (!known && this.#events.size >= this.#limit)
				this.stopBefore(summary, number);
			else {
				this.#events.set(entry.id, [...(known ?? []), entry]);
				this.#entries++;
			}
		}
	}

	/** The next page of the list begins here. Later calls change nothing. */
	stopBefore({ day, id, last }: StoredSummary, entry: number): void {
		this.#cursor ??= { at: [day, id, entry], last };
	}

	result(): Omit<EventList, "unreadable"> {
		const events = [...this.#events.values()];
		const searchedUntil = this.#searchedUntil;
		if (!this.#cursor) return { events, searchedUntil };
		const { at, last } = this.#cursor;
		const listed = [...this.#events.keys(), ...(this.#from?.listed ?? [])]
			.filter((id) => (timeOf(id) ?? 0) - ASSUMED_SKEW <= last)
			.slice(0, MOST_LISTED);
		return { events, cursor: { at, listed }, searchedUntil };
	}

	/** The events that can have entries on a page, or in a part of one. */
	#open({ last }: Pick<StoredSummary, "last">): string[] {
		return [...this.#events.values()].flatMap(([entry]) => {
			const { id, time, delay = 0 } = entry as Entry;
			return time + delay - ASSUMED_SKEW <= last ? [id] : [];
		});
	}

	#isNew(entry: Entry): boolean {
		return (
			!this.#cursor &&
			!this.#from?.listed.includes(entry.id) &&
			isMatch(entry, this.#filter)
		);
	}
}
