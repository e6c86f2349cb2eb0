/** Lays out the timeline of an event: lanes with bars for when each delivery waited, and when it ran. Pure. */
import type { EventLife } from "../journal/life.ts";

export type Delivery = EventLife["deliveries"][number];
export type Attempt = Delivery["attempts"][number];

export interface Bar {
	kind: "waiting" | "running";
	/** Epoch milliseconds. */
	from: number;
	until: number;
	/** The attempt that ran, or that the delivery waited for. */
	attempt?: Attempt;
}

interface Layout {
	/** When the event could be delivered at the earliest: its due time, or when it was published. */
	from: number;
	until: number;
	/** The first wait in the queue. */
	queued: Bar;
	lanes: Lane[];
}

interface Lane {
	delivery: Delivery;
	bars: Bar[];
}

/** A page must stay below 100 KB: handlers, attempts of each, and characters of their errors that it shows. */
const MOST_LANES = 30;
export const MOST_ATTEMPTS = 12;
const MOST_ERRORS = 24_000;

/** States after which nothing happens on its own. */
const ENDED = ["delivered", "dead", "discarded", "cancelled", "ignored"];

export function hasEnded(state: string): boolean {
	return ENDED.includes(state);
}

export function timelineOf(life: EventLife, now: number): Layout {
	const { deliveries, time, delay = 0, dueAt } = life;
	const from = Math.max(time, dueAt ?? time + delay);
	const starts = deliveries.flatMap(({ attempts }) =>
		attempts.flatMap(({ startedAt }) => startedAt ?? []),
	);
	const begins =
		life.queuedMs === undefined
			? Math.min(...starts, deliveries.length > 0 ? life.at : now)
			: from + life.queuedMs;
	const queued: Bar = {
		kind: "waiting",
		from,
		until: Math.max(
			from,
			starts.length > 0 ? Math.min(begins, ...starts) : begins,
		),
	};
	const lanes = deliveries.map((delivery) => ({
		delivery,
		bars: barsOf(delivery, queued.until, now),
	}));
	const ends = lanes.flatMap(({ bars }) => bars.map(({ until }) => until));
	return {
		from,
		until: Math.max(from + 1, queued.until, ...ends),
		queued,
		lanes,
	};
}

function barsOf(
	{ attempts, state }: Delivery,
	start: number,
	now: number,
): Bar[] {
	const bars: Bar[] = [];
	let end = start;
	for (const attempt of attempts) {
		const { startedAt, at } = attempt;
		const from = startedAt ?? at;
		if (from > end)
			bars.push({ kind: "waiting", from: end, until: from, attempt });
		if (startedAt !== undefined)
			bars.push({ kind: "running", from: startedAt, until: at, attempt });
		end = Math.max(end, at);
	}
	if (!hasEnded(state) && now > end)
		bars.push({ kind: "waiting", from: end, until: now });
	return bars;
}

/** The lanes that are shown, in their order: those that were not delivered before those that were. */
export function worstOf(lanes: readonly Lane[]): Lane[] {
	const isDelivered = ({ delivery }: Lane) => delivery.state === "delivered";
	const others = lanes.filter((lane) => !isDelivered(lane));
	const first = [...others, ...lanes.filter(isDelivered)].slice(0, MOST_LANES);
	return lanes.filter((lane) => first.includes(lane));
}

/** The attempts whose errors have their stack: the latest of each handler first, as far as they fit. */
export function detailedIn(lanes: readonly Lane[]): ReadonlySet<Attempt> {
	let left = MOST_ERRORS;
	const failed = lanes
		.flatMap(({ delivery }) => delivery.attempts.slice(-MOST_ATTEMPTS))
		.sort((one, other) => other.at - one.at);
	return new Set(
		failed.filter(({ error }) => {
			left -= JSON.stringify(error ?? "").length;
			return left > 0;
		}),
	);
}
