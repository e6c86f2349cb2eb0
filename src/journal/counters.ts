/** Counts of one minute, with a histogram of durations for each handler. Pure. */
import type { Entry } from "./entry.ts";

/** Upper bounds of the histogram's buckets, in milliseconds. The last bucket has none. */
export const BOUNDS = [
	5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 15_000,
] as const;

/** Attempts of one handler, by their outcome. */
export interface HandlerCounts {
	delivered: number;
	/** Attempts that failed and are retried. */
	retrying: number;
	dead: number;
	/** Number of attempts in each bucket of `BOUNDS`; the last bucket has those that took longer. */
	durations: number[];
}

/** What is counted of a batch, a minute or a longer interval. */
export interface Counts {
	/** Events by what was reported about them. */
	events: Record<string, number>;
	handlers: Record<string, HandlerCounts>;
	/** When each version of the Worker reported first, in epoch milliseconds. */
	deploys?: Record<string, number>;
}

const EVENT_STEPS: ReadonlySet<string> = new Set([
	"scheduled",
	"rescheduled",
	"cancelled",
	"ignored",
]);

/** Counts the steps of entries. */
export function countsOf(entries: readonly Entry[]): Counts {
	const events: Counts["events"] = {};
	// A map: a handler may have any id, also one of a member that every object has.
	const handlers = new Map<string, HandlerCounts>();
	for (const { steps } of entries)
		for (const step of steps) {
			if (EVENT_STEPS.has(step.type))
				events[step.type] = (events[step.type] ?? 0) + 1;
			if (
				step.type !== "delivered" &&
				step.type !== "retrying" &&
				step.type !== "dead"
			)
				continue;
			const handler = handlers.get(step.handler) ?? noCounts();
			handlers.set(step.handler, handler);
			handler[step.type]++;
			if (step.startedAt !== undefined)
				count(handler.durations, step.at - step.startedAt);
		}
	return { events, handlers: Object.fromEntries(handlers) };
}

/** Returns the sum. A version of the Worker has its earlier time. */
export function addCounts(one: Counts, other: Counts): Counts {
	const events = { ...one.events };
	for (const [type, count] of Object.entries(other.events))
		events[type] = (events[type] ?? 0) + count;
	const handlers = new Map(Object.entries(one.handlers));
	for (const [id, counts] of Object.entries(other.handlers)) {
		const before = handlers.get(id) ?? noCounts();
		handlers.set(id, {
			delivered: before.delivered + counts.delivered,
			retrying: before.retrying + counts.retrying,
			dead: before.dead + counts.dead,
			durations: before.durations.map(
				(count, bucket) => count + (counts.durations[bucket] ?? 0),
			),
		});
	}
	const deploys = firstOf(one.deploys, other.deploys);
	return {
		events,
		handlers: Object.fromEntries(handlers),
		...(deploys && { deploys }),
	};
}

/** The earlier time of each version. */
function firstOf(
	one: Counts["deploys"],
	other: Counts["deploys"],
): Counts["deploys"] {
	if (!one || !other) return one ?? other;
	const first = { ...one };
	for (const [id, at] of Object.entries(other))
		first[id] = Math.min(at, first[id] ?? at);
	return first;
}

export const NO_COUNTS: Counts = { events: {}, handlers: {} };

function noCounts(): HandlerCounts {
	const durations = Array.from({ length: BOUNDS.length + 1 }, () => 0);
	return { delivered: 0, retrying: 0, dead: 0, durations };
}

function count(durations: number[], ms: number): void {
	const found = BOUNDS.findIndex((bound) => ms <= bound);
	const bucket = found < 0 ? BOUNDS.length : found;
	durations[bucket] = (durations[bucket] ?? 0) + 1;
}

/**
 * Estimates a quantile of the durations in milliseconds, linear within a bucket. Returns null without durations; in the
 * last bucket, its lower bound.
 *
 * @param quantile from 0 to 1
 */
export function quantileOf(
	durations: readonly number[],
	quantile: number,
): number | null {
	const total = durations.reduce((sum, count) => sum + count, 0);
	if (total === 0) return null;
	let left = quantile * total;
	for (const [bucket, count] of durations.entries()) {
		if (count === 0 || left > count) {
			left -= count;
			continue;
		}
		const low = BOUNDS[bucket - 1] ?? 0;
		const high = BOUNDS[bucket] ?? low;
		return Math.round(low + ((high - low) * left) / count);
	}
	return BOUNDS.at(-1) ?? null;
}
