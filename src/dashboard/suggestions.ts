/**
 * Words that the filter bar of a list suggests: states, causes, times, and the names, handlers and tags of late. It
 * changes no filter.
 */
import { RefusedError } from "../event/errors.ts";
import { listEvents } from "../journal/read.ts";
import { CAUSES, type Filter, STATES } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import { term } from "./components/tags.tsx";

/** How long the words are cached, in milliseconds. */
const TTL = 60_000;

/** The latest events whose names and tags are suggested. */
const EVENTS = 200;

/** Names, handlers and tags. */
const MOST_WORDS = 150;

let cached: { until: number; words: readonly string[] } | undefined;

/** What a list accepts. */
interface ListFilter {
	/** Reads its filter. @throws RefusedError for a word that it does not accept */
	filter(q: string, now: number): Filter;
	/** Values for `since` and `until`. Default: ages. */
	times?(now: number): readonly string[];
}

/** The words that a list accepts. */
export async function suggestions(
	{ filter, times = () => ["15m", "2h", "1d"] }: ListFilter,
	ports: Pick<Ports, "journal" | "workers" | "clock">,
): Promise<readonly string[]> {
	const now = ports.clock();
	const isAccepted = (word: string) => {
		try {
			filter(word, now);
			return true;
		} catch (error) {
			if (error instanceof RefusedError) return false;
			throw error;
		}
	};
	const found = await wordsOfLate(now, ports);
	return [
		...STATES.map((state) => term("state", state)),
		...CAUSES.map((cause) => term("cause", cause)),
		...times(now).flatMap((time) => [`since:${time}`, `until:${time}`]),
		...found,
	].filter(isAccepted);
}

/** The words of one isolate, for all viewers and lists. Without the journal, those that need none. */
async function wordsOfLate(
	now: number,
	ports: Pick<Ports, "journal" | "workers" | "clock">,
): Promise<readonly string[]> {
	if (cached && now < cached.until) return cached.words;
	// Until the words are read, other viewers get the ones before.
	cached = { until: now + TTL, words: cached?.words ?? [] };
	const [events, ...routes] = await Promise.all([
		latest(ports),
		...ports.workers.all.map((worker) => worker.routes()),
	]);
	const words = new Set<string>();
	for (const { id, patterns } of routes.flatMap((one) => one?.list ?? [])) {
		words.add(term("handler", id));
		for (const pattern of patterns) words.add(term("name", pattern));
	}
	for (const { name, tags = {} } of events) {
		words.add(term("name", name));
		for (const [key, value] of Object.entries(tags))
			words.add(term(`tag.${key}`, value));
	}
	cached = { until: now + TTL, words: [...words].slice(0, MOST_WORDS) };
	return cached.words;
}

async function latest(ports: Pick<Ports, "journal" | "clock">) {
	try {
		return (await listEvents({ limit: EVENTS }, ports)).events;
	} catch {
		// The list itself says why it cannot be read.
		return [];
	}
}
