/** What many measurements come to. */

/** Events a second. */
export function rate(events: number, ms: number): number {
	return (events * 1_000) / ms;
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return (
		((sorted[Math.floor(middle)] as number) +
			(sorted[Math.ceil(middle) - 1] as number)) /
		2
	);
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
