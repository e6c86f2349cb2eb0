/** Runs scenarios for both sides alternately, so that other load on the machine affects both. */
import { middle, rangeOfMiddle } from "./figures.ts";
import type { Runtime, SideName } from "./runtime.ts";
import type { Figure, Result, Scenario, Size } from "./scenarios.ts";

export interface Measured extends Figure {
	/** One value for each round. */
	bare: number[];
	tidings: number[];
	/** Tidings' figure divided by the bare platform's: the interquartile mean of the rounds' ratios. */
	ratio: number;
	/** The 90 % confidence interval of the ratio. */
	range: [from: number, to: number];
}

/** The results of all rounds, by side. */
export type Rounds = Record<SideName, Result[]>;

export interface Measuring {
	rounds: number;
	/** Scales the number of events of a scenario. Default: all of them. */
	size?: Size;
	/** Scales the number of events of the warm-up. Default: as the scenario says. */
	warmUp?: Size;
	progress?(line: string): void;
}

/** @throws Error if a side did not handle exactly what was published, or both sides handled different numbers */
export async function measure(
	{
		figures,
		before,
		run,
		rounds: most = Number.POSITIVE_INFINITY,
		warmUpEvents,
	}: Scenario,
	runtime: Runtime,
	{
		rounds,
		size = (events) => events,
		warmUp = (events) => warmUpEvents ?? Math.ceil(size(events) / 5),
		progress = () => {},
	}: Measuring,
): Promise<Rounds> {
	const [bare, tidings] = [runtime.side("bare"), runtime.side("tidings")];
	const results: Rounds = { bare: [], tidings: [] };
	const count = Math.min(rounds, most);
	const name = figures[0]?.name;
	for (const side of [bare, tidings]) {
		progress(`${name}: warm-up, ${side.name}`);
		await before?.(side, size);
		await run(side, warmUp);
	}
	for (let round = 1; round <= count; round++) {
		// The side that runs first finds the machine in another state, so the order is random.
		const order = Math.random() < 0.5 ? [bare, tidings] : [tidings, bare];
		for (const side of order) {
			progress(`${name}: round ${round} of ${count}, ${side.name}`);
			results[side.name].push(await run(side, size));
		}
		const handled = [
			results.bare.at(-1)?.handled,
			results.tidings.at(-1)?.handled,
		];
		if (handled[0] !== handled[1])
			throw new Error(`${name}: the sides handled ${handled.join(" and ")}`);
	}
	return results;
}

/** Returns each figure over all rounds. */
export function figuresOf({ figures }: Scenario, rounds: Rounds): Measured[] {
	return figures.map((figure, index) => {
		const of = (side: SideName) =>
			rounds[side].map(({ values }) => values[index] as number);
		const [bare, tidings] = [of("bare"), of("tidings")];
		const ratios = tidings.map((value, round) => value / (bare[round] ?? 0));
		const [ratio, range] = [middle(ratios), rangeOfMiddle(ratios)];
		return { ...figure, bare, tidings, ratio, range };
	});
}

/** Whether the ratio reaches its target; undefined without a target. */
export function isMet({ unit, target, ratio }: Measured): boolean | undefined {
	if (target === undefined) return undefined;
	return unit === "ms" ? ratio <= target : ratio >= target;
}
