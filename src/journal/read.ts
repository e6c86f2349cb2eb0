/** Reads events from the journal: the latest that match a filter, and the life of one. It writes nothing. */

import { RefusedError } from "../event/errors.ts";
import { timeOf } from "../event/id.ts";
import { CLOCK_SKEW } from "../event/limits.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import { type Filter, parseFilter, STATES } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import type { Entry } from "./entry.ts";
import { type EventLife, lifeOf } from "./life.ts";
import type { ListCursor } from "./list.ts";
import type { JournalCursor } from "./search.ts";

type ReadPorts = Pick<Ports, "journal" | "clock">;

/** A page of events, the latest first. */
interface EventPage {
	events: EventLife[];
	/** Where the search goes on. It stops after a number of pages, even if nothing matched. Absent at the end. */
	cursor?: string;
	/** The search has reached this time, in epoch milliseconds. */
	searchedUntil: number;
	/** Pages of the journal that could not be read. */
	unreadable: number;
}

/**
 * Lists the events that match a filter, the latest first. An event shows what happened to it until the latest entry
 * that matches.
 *
 * @throws RefusedError `invalid_request`, or `not_configured` without a journal; UnavailableError
 */
export async function listEvents(
	query: {
		q?: string | undefined;
		limit?: number | undefined;
		cursor?: string | undefined;
	},
	ports: ReadPorts,
): Promise<EventPage> {
	const limit = pageSize(query.limit);
	const filter = journalFilter(query.q, ports.clock());
	const from = placeOf(query.cursor);
	const result = await journalOf(ports).store.list(filter, from, limit);
	const { events, cursor, ...rest } = result;
	return {
		events: events.map(lifeOf),
		...(cursor && { cursor: textOf(cursor) }),
		...rest,
	};
}

function textOf({ at: [day, ...rest], listed }: ListCursor): string {
	return cursorOf([day, [...rest, ...listed].join(" ")]);
}

/** @throws RefusedError `invalid_request` for the cursor of another list */
function placeOf(cursor: string | undefined): ListCursor | undefined {
	const position = positionOf(cursor);
	if (!position) return undefined;
	const [day, rest] = position;
	const [, page, entry, listed = ""] =
		/^(\d+) (\d+)((?: [0-9a-f-]{36})*)$/.exec(rest) ?? [];
	if (page !== undefined)
		return {
			at: [day, Number(page), Number(entry)],
			listed: listed.split(" ").slice(1),
		};
	throw new RefusedError(
		"invalid_request",
		"cursor: it is not a cursor of this list; give the one of the page before",
	);
}

/** Searches for entries. Each reads up to 10 000 summaries. */
const SEARCHES = 10;

/**
 * Returns the life of an event, without entries on pages that cannot be read: it counts those pages. Null if the
 * journal has no entry of it.
 */
export async function readEvent(
	id: string,
	ports: ReadPorts,
): Promise<EventLife | null> {
	const time = timeOf(id);
	const since = time === undefined ? undefined : time - CLOCK_SKEW;
	const filter: Filter = { id, ...(since !== undefined && { since }) };
	const { entries, unreadable } = await readEntries(filter, ports);
	if (entries.length === 0) return null;
	return { ...lifeOf(entries), ...(unreadable > 0 && { unreadable }) };
}

/**
 * Reads the entries that match, up to 10 000.
 *
 * @throws RefusedError `not_configured` without a journal; UnavailableError
 */
export async function readEntries(
	filter: Filter,
	ports: Pick<Ports, "journal">,
): Promise<{ entries: Entry[]; unreadable: number }> {
	const { store } = journalOf(ports);
	const entries: Entry[] = [];
	let unreadable = 0;
	let from: JournalCursor | undefined;
	for (let n = 0; n < SEARCHES; n++) {
		const result = await store.search(filter, from, MOST_ENTRIES);
		entries.push(...result.entries);
		unreadable += result.unreadable.length;
		from = result.cursor;
		if (!from) break;
	}
	return { entries, unreadable };
}

const MOST_ENTRIES = 1_000;

/** Reads a filter of events. @throws RefusedError `invalid_request` */
export function journalFilter(text: string | undefined, now: number): Filter {
	const states = STATES.filter((state) => state !== "resolved");
	const filter = parseFilter(text, now, { states });
	if (filter.state !== "resolved") return filter;
	throw new RefusedError(
		"invalid_request",
		"q: state: the journal does not know resolved; use delivered, or list the dead letters that are resolved",
	);
}

/** @throws RefusedError `not_configured` without a journal */
export function journalOf({
	journal,
}: Pick<Ports, "journal">): NonNullable<Ports["journal"]> {
	if (journal) return journal;
	throw new RefusedError(
		"not_configured",
		"the journal is turned off; remove journal: false from tidings.config.ts",
	);
}
