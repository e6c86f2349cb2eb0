/** Sums up durations. Pure. */

/** Durations in milliseconds; null without any. */
export interface Figures {
	/** Number of durations. */
	count: number;
	median: number | null;
	/** The 99th percentile. Of fewer than 100 durations it is the longest. */
	p99: number | null;
}

export function figuresOf(durations: readonly number[]): Figures {
	const sorted = durations.toSorted((one, other) => one - other);
	const { length: count } = sorted;
	// The nearest rank: a duration that was measured.
	const at = (share: number) => sorted[Math.ceil(share * count) - 1] ?? null;
	return { count, median: at(0.5), p99: at(0.99) };
}
