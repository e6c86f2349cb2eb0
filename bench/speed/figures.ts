/** What many measurements come to. */

/** Events a second. */
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

/** The mean of the middle half: nearly as steady as the mean, and as little moved by what falls out as the median. */
export function middle(values: readonly number[]): number {
	const { length } = values;
	const cut = Math.min(Math.ceil(length / 4), Math.floor((length - 1) / 2));
	const half = [...values].sort((a, b) => a - b).slice(cut, length - cut);
	return half.reduce((sum, value) => sum + value, 0) / half.length;
}

/** How often values are drawn again. */
const DRAWS = 1_000;

/**
 * Between what that middle lies in nine of ten cases, as the values themselves tell it: by the middles of as many
 * drawn from them, again and again (the percentile bootstrap; Efron 1979).
 */
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
 * A quantile of whole milliseconds. A Worker's clock has no parts of them: those that are alike are taken to lie
 * evenly over the millisecond, as is usual for grouped data, so that the quantile is finer than the clock.
 */
export function quantile(waits: readonly number[], share: number): number {
	const sorted = [...waits].sort((a, b) => a - b);
	const place = share * sorted.length;
	const value = sorted[Math.min(Math.floor(place), sorted.length - 1)] ?? 0;
	const first = sorted.indexOf(value);
	const alike = sorted.lastIndexOf(value) - first + 1;
	return Math.max(0, value - 0.5 + (place - first) / alike);
}

/** A figure to three digits. */
export function shown(value: number): string {
	return value >= 1_000
		? String(Number(value.toPrecision(3)))
		: value.toPrecision(3);
}
