/** Statistics of measurements. */

/** Returns events per second. */
export function rate(events: number, ms: number): number {
	return (events * 1_000) / ms;
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length / 2;
	return (
		((sorted[Math.floor(half)] as number) +
			(sorted[Math.ceil(half) - 1] as number)) /
		2
	);
}

/** Returns the interquartile mean: nearly as stable as the mean, and as robust against outliers as the median. */
export function middle(values: readonly number[]): number {
	const { length } = values;
	const cut = Math.min(Math.ceil(length / 4), Math.floor((length - 1) / 2));
	const half = [...values].sort((a, b) => a - b).slice(cut, length - cut);
	return half.reduce((sum, value) => sum + value, 0) / half.length;
}

/** Samples of the bootstrap. */
const DRAWS = 1_000;

/** Returns the 90 % confidence interval of the interquartile mean, by the percentile bootstrap (Efron 1979). */
export function rangeOfMiddle(
	values: readonly number[],
): [from: number, to: number] {
	const draw = () => values[Math.floor(Math.random() * values.length)] ?? 0;
	const middles = Array.from({ length: DRAWS }, () =>
		middle(values.map(draw)),
	).sort((a, b) => a - b);
	return [middles[DRAWS * 0.05] ?? 0, middles[DRAWS * 0.95] ?? 0];
}

/**
 * Returns a quantile of whole milliseconds. A Worker's clock has no fractions. Equal values count as spread evenly over
 * their millisecond, as is usual for grouped data, so the quantile is finer than the clock.
 */
export function quantile(waits: readonly number[], share: number): number {
	const sorted = [...waits].sort((a, b) => a - b);
	const place = share * sorted.length;
	const value = sorted[Math.min(Math.floor(place), sorted.length - 1)] ?? 0;
	const first = sorted.indexOf(value);
	const equal = sorted.lastIndexOf(value) - first + 1;
	return Math.max(0, value - 0.5 + (place - first) / equal);
}

/** Formats a figure with three digits. */
export function shown(value: number): string {
	return value >= 1_000
		? String(Number(value.toPrecision(3)))
		: value.toPrecision(3);
}
