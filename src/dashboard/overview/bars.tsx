/** Charts as SVG: stacked bars over time, and a line of small bars in a row of a table. They need no script. */
import type { Tone } from "../components/state.tsx";

export interface StackedBar {
	/** What a person reads about it. */
	title: string;
	/** From the bottom up. */
	parts: readonly { tone: Tone; value: number }[];
}

/** Units of a bar's width, with its gap, and of the height of a chart. */
const STEP = 10;
const GAP = 2;
const HEIGHT = 160;

/** The lowest bar that can be seen. */
const LOWEST = 3;

/** @param marks lines between bars. `at` counts bars from the left, and may be a fraction */
export function StackedBars({
	label,
	bars,
	marks,
}: {
	/** Sums up the chart for those who cannot see it. */
	label: string;
	bars: readonly StackedBar[];
	marks: readonly { at: number; title: string }[];
}) {
	const width = bars.length * STEP;
	return (
		<svg
			class="bars"
			role="img"
			preserveAspectRatio="none"
			viewBox={`0 0 ${width} ${HEIGHT}`}
			aria-label={label}
		>
			{[0, 0.5, 1].map((part) => (
				<path class="grid" d={`M0 ${(1 - part) * HEIGHT}H${width}`} />
			))}
			{stacked(bars).map(([tone, path]) => (
				<path class={tone} d={path} />
			))}
			{bars.map(({ title }, place) => (
				<path class="hit" d={column(place * STEP, 0, STEP, HEIGHT)}>
					<title>{title}</title>
				</path>
			))}
			{marks.map(({ at, title }) => (
				<g>
					<title>{title}</title>
					<path class="hit" d={column(at * STEP - 4, 0, 8, HEIGHT)} />
					<path class="mark" d={`M${short(at * STEP)} 0V${HEIGHT}`} />
				</g>
			))}
		</svg>
	);
}

/** One path for each tone: a page has up to a hundred bars. */
function stacked(bars: readonly StackedBar[]): [tone: Tone, path: string][] {
	const perUnit = HEIGHT / highest(bars);
	const paths = new Map<Tone, string>();
	for (const [place, { parts }] of bars.entries()) {
		let y = HEIGHT;
		for (const { tone, value } of parts) {
			if (value === 0) continue;
			const height = Math.max(LOWEST, value * perUnit);
			y = Math.max(0, y - height);
			const drawn = column(place * STEP + GAP / 2, y, STEP - GAP, height);
			paths.set(tone, (paths.get(tone) ?? "") + drawn);
		}
	}
	return [...paths];
}

/** A round number of at least the sum of each bar: the top of the axis. */
export function highest(bars: readonly StackedBar[]): number {
	const sums = bars.map(({ parts }) =>
		parts.reduce((sum, { value }) => sum + value, 0),
	);
	const most = Math.max(1, ...sums);
	const power = 10 ** Math.floor(Math.log10(most));
	const round =
		[1, 1.2, 1.6, 2, 4, 6, 8, 10].find((one) => one * power >= most) ?? 10;
	// Its half is shown, too.
	return Math.max(2, round * power);
}

const SPARK_HEIGHT = 20;

/** More bars are too narrow to be seen. */
const MOST_SPARKS = 64;

/** @param values of intervals, the earliest first */
export function Sparkline({
	values,
	label,
}: {
	values: readonly number[];
	label: string;
}) {
	const shown = values.length > MOST_SPARKS ? inPairs(values) : values;
	const most = Math.max(1, ...shown);
	const bars = shown
		.map((value, place) => ({ value, x: place * 3 + 1.5 }))
		.filter(({ value }) => value > 0)
		.map(({ value, x }) => {
			const height = Math.max(LOWEST, (value / most) * SPARK_HEIGHT);
			return `M${x} ${SPARK_HEIGHT}v-${short(height)}`;
		});
	const width = shown.length * 3;
	return (
		<svg
			class="spark"
			role="img"
			preserveAspectRatio="none"
			viewBox={`0 0 ${width} ${SPARK_HEIGHT}`}
			aria-label={label}
		>
			<title>{label}</title>
			<path class="grid" d={`M0 ${SPARK_HEIGHT - 0.5}H${width}`} />
			<path d={bars.join("")} />
		</svg>
	);
}

function inPairs(values: readonly number[]): number[] {
	const pairs = Array.from({ length: Math.ceil(values.length / 2) });
	return pairs.map((_, n) => (values[2 * n] ?? 0) + (values[2 * n + 1] ?? 0));
}

function column(x: number, y: number, width: number, height: number): string {
	return `M${short(x)} ${short(y)}h${width}v${short(height)}h-${width}z`;
}

function short(value: number): string {
	return `${Math.round(value * 10) / 10}`;
}
