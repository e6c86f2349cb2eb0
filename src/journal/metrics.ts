/** Reads rates and durations from the counts of the journal. It reads no pages and writes nothing. */
import { RefusedError } from "../event/errors.ts";
import { type Filter, parseFilter } from "../lists/filter.ts";
import { matchesGlob } from "../lists/glob.ts";
import type { Ports } from "../ports.ts";
import {
	addCounts,
	type HandlerCounts,
	NO_COUNTS,
	quantileOf,
} from "./counters.ts";
import type { IntervalCounts } from "./minute-table.ts";
import { journalOf } from "./read.ts";

/** What became of attempts. Durations are in milliseconds. */
export interface HandlerMetrics {
	handler: string;
	delivered: number;
	/** Attempts that failed and are retried. */
	retrying: number;
	dead: number;
	/** Estimated from a histogram, linear within a bucket. Null without attempts that took time. */
	median: number | null;
	p99: number | null;
	/** Failures in each interval. */
	failures: number[];
}

/** Times are in epoch milliseconds. */
export interface Metrics {
	/** Start of the first interval: the time that was asked for, or up to a `step` earlier. */
	since: number;
	/** The counts are of whole minutes: those of the minute that has begun at this time are all included. */
	until: number;
	/** Length of an interval, in milliseconds. */
	step: number;
	/**
	 * Each interval, also those in which nothing happened, the earliest first. They begin at multiples of `step`, so there
	 * are up to 121. Only the last one may be incomplete.
	 */
	intervals: {
		at: number;
		/** Events by what was reported about them, `scheduled`, `rescheduled`, `cancelled` and `ignored`. */
		events: Record<string, number>;
		/** Deliveries by their outcome. */
		delivered: number;
		retrying: number;
		dead: number;
	}[];
	/** Those with the most failures first. */
	handlers: HandlerMetrics[];
	/** The versions of the Worker, and when each reported first in this time. */
	deploys: { id: string; at: number }[];
	/** Calls of the journal that failed: what they would have counted is missing. */
	missed: number;
}

const MINUTE = 60_000;

/** Lengths of an interval, in milliseconds. */
const STEPS = [1, 5, 15, 60, 120, 360, 1_440].map((n) => n * MINUTE);

/** Intervals of the time that is asked for. One more is counted if it begins within an interval. */
const MOST_INTERVALS = 120;

const DEFAULT_RANGE = 60 * MINUTE;

/** Longer than the journal is worth keeping. In milliseconds. */
const LONGEST_RANGE = 120 * 86_400_000;

/**
 * Reads what happened in a time, by default in the last hour.
 *
 * @throws RefusedError `invalid_request` for another word than since, until and handler, or `not_configured` without a
 * journal; UnavailableError
 */
export async function readMetrics(
	q: string | undefined,
	ports: Pick<Ports, "journal" | "clock">,
): Promise<Metrics> {
	const now = ports.clock();
	const {
		until = now,
		since: asked = until - DEFAULT_RANGE,
		handler,
		...other
	} = parseFilter(q, now);
	checkWords(other);
	const step = stepOf(until - asked);
	// A first interval that lacks its beginning would look like a rise.
	const since = Math.floor(asked / step) * step;
	const counted = await journalOf(ports).store.counts(since, until, step);
	const all = everyInterval(since, until, step, counted);
	const {
		events,
		handlers,
		deploys = {},
	} = counted.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
	const isMeant = (id: string) =>
		handler === undefined || matchesGlob(handler, id);
	return {
		since,
		until,
		step,
		intervals: all.map(({ at, counts }) => {
			const meant = Object.entries(counts.handlers).filter(([id]) =>
				isMeant(id),
			);
			return {
				at,
				events: counts.events,
				...outcomesOf(meant.map(([, one]) => one)),
			};
		}),
		handlers: Object.entries(handlers)
			.filter(([id]) => isMeant(id))
			.map(([id, counts]) => metricsOf(id, counts, all))
			.sort((one, other) => failuresOf(other) - failuresOf(one)),
		deploys: Object.entries(deploys)
			.map(([id, at]) => ({ id, at }))
			.sort((one, other) => one.at - other.at),
		missed: events.missed ?? 0,
	};
}

function checkWords(other: Filter): void {
	const [word] = Object.keys(other);
	if (word === undefined) return;
	throw new RefusedError(
		"invalid_request",
		`q: metrics are not found by ${word}; use since, until and handler`,
	);
}

/** @throws RefusedError for a time that no journal stores */
function stepOf(range: number): number {
	const step = STEPS.find((step) => range / step <= MOST_INTERVALS);
	if (step !== undefined && range <= LONGEST_RANGE) return step;
	throw new RefusedError(
		"invalid_request",
		"q: the time is too long; give a later since, or an earlier until",
	);
}

/** @param since the start of an interval */
function everyInterval(
	since: number,
	until: number,
	step: number,
	counted: readonly IntervalCounts[],
): IntervalCounts[] {
	const byTime = new Map(counted.map(({ at, counts }) => [at, counts]));
	const count = Math.ceil((until - since) / step);
	return Array.from({ length: count }, (_, number) => {
		const at = since + number * step;
		return { at, counts: byTime.get(at) ?? NO_COUNTS };
	});
}

function outcomesOf(all: readonly HandlerCounts[]) {
	const sum = (outcome: "delivered" | "retrying" | "dead") =>
		all.reduce((total, counts) => total + counts[outcome], 0);
	return {
		delivered: sum("delivered"),
		retrying: sum("retrying"),
		dead: sum("dead"),
	};
}

function metricsOf(
	handler: string,
	{ durations, ...outcomes }: HandlerCounts,
	intervals: readonly IntervalCounts[],
): HandlerMetrics {
	return {
		handler,
		...outcomes,
		median: quantileOf(durations, 0.5),
		p99: quantileOf(durations, 0.99),
		failures: intervals.map(({ counts }) =>
			// A handler may have the id of a member that every object has.
			Object.hasOwn(counts.handlers, handler)
				? failuresOf(counts.handlers[handler])
				: 0,
		),
	};
}

function failuresOf(counts?: Pick<HandlerCounts, "retrying" | "dead">): number {
	return counts ? counts.retrying + counts.dead : 0;
}
