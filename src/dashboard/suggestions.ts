/** Words that the filter bar suggests: states, ages, and the names, handlers and tags of late. It changes no filter. */
import { listEvents } from "../journal/read.ts";
import { STATES } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import { term } from "./components/tags.tsx";

/** How long the words are cached, in milliseconds. */
const TTL = 60_000;

/** The latest events whose names and tags are suggested. */
const EVENTS = 200;

const MOST_WORDS = 150;

let cached: { until: number; words: readonly string[] } | undefined;

/** The words of one isolate, for all viewers. Without the journal, those that need none. */
export async function suggestions(
	ports: Pick<Ports, "journal" | "workers" | "clock">,
): Promise<readonly string[]> {
	const now = ports.clock();
	if (cached && now < cached.until) return cached.words;
	// Until the words are read, other viewers get the ones before.
	cached = { until: now + TTL, words: cached?.words ?? FIXED };
	const [events, ...routes] = await Promise.all([
		latest(ports),
		...ports.workers.all.map((worker) => worker.routes()),
	]);
	const words = new Set(FIXED);
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

const FIXED: readonly string[] = [
	...STATES.map((state) => term("state", state)),
	"since:15m",
	"since:2h",
	"since:1d",
];

async function latest(ports: Pick<Ports, "journal" | "clock">) {
	try {
		return (await listEvents({ limit: EVENTS }, ports)).events;
	} catch {
		// The list itself says why it cannot be read.
		return [];
	}
}
