/** Opens each page, counts what it and its live updates read, and measures first bytes. */

import { NOTHING } from "../cost/counts.ts";
import { dollarsPerMillion } from "../cost/prices.ts";
import type { Filled } from "./commands.ts";
import { type MeasuredPage, pagesOf } from "./pages.ts";
import type { Running } from "./runtime.ts";

interface Reads {
	objectRequests: number;
	rowsRead: number;
}

export interface PageCounts extends Reads {
	name: string;
	/** Of the page, as it is sent. */
	bytes: number;
	/** Of its live updates in an hour, for all viewers in one location. */
	hourly?: Reads & { usd: number };
}

/** Live updates read every 5 seconds. */
const QUERIES = 720;

/** What the overview reads every 30 seconds, in addition to its rates. */
const STANDING_QUERIES = 120;

export async function countPages(
	running: Running,
	filled: Filled,
): Promise<PageCounts[]> {
	// The words that the filter bar suggests are read once a minute.
	await running.open("/events");
	const counts: PageCounts[] = [];
	for (const page of pagesOf(filled))
		counts.push(await countPage(page, running));
	return counts;
}

async function countPage(
	{ name, path, live }: MeasuredPage,
	{ change, open }: Running,
): Promise<PageCounts> {
	await change();
	const { objectRequests, rowsRead, bytes } = await open(path);
	const page = { name, objectRequests, rowsRead, bytes };
	if (live === undefined) return page;
	await change();
	const update = await open(live, true);
	const inAnHour = (what: keyof Reads) =>
		QUERIES * update[what] + STANDING_QUERIES * (page[what] - update[what]);
	const reads = {
		objectRequests: inAnHour("objectRequests"),
		rowsRead: inAnHour("rowsRead"),
	};
	const usd = dollarsPerMillion({ ...NOTHING, ...reads }, 1_000_000);
	return { ...page, hourly: { ...reads, usd } };
}

export interface FirstByte {
	name: string;
	/** By how many milliseconds the page is later than the empty page: the medians, and the fastest of each. */
	median: number;
	fastest: number;
	/** The median after a dead letter has changed. */
	changed: number;
}

/** Opens each page and the empty one in turn, so that other load on the machine delays both. */
export async function measureFirstBytes(
	{ change, firstByte }: Running,
	filled: Filled,
	rounds: number,
): Promise<FirstByte[]> {
	const all: FirstByte[] = [];
	for (const { name, path } of pagesOf(filled)) {
		const empty: number[] = [];
		const page: number[] = [];
		const changed: number[] = [];
		for (let round = 0; round < rounds; round++) {
			empty.push(await firstByte("/empty"));
			page.push(await firstByte(path));
			await change();
			changed.push(await firstByte(path));
		}
		all.push({
			name,
			median: median(page) - median(empty),
			// Other load on the machine only adds to a time.
			fastest: Math.min(...page) - Math.min(...empty),
			changed: median(changed) - median(empty),
		});
	}
	return all;
}

function median(times: number[]): number {
	return times.toSorted((one, other) => one - other)[times.length >> 1] ?? 0;
}
