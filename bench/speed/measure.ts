/** Runs scenarios for both sides in turn, round by round, so that what disturbs the machine disturbs both. */
import { middle, rangeOfMiddle } from "./figures.ts";
import type { Driven, Runtime, SideName } from "./runtime.ts";
import type { Figure, Scenario, Size, Taken } from "./scenarios.ts";

export interface Measured extends Figure {
	/** A value for each round. */
	bare: number[];
	tidings: number[];
	/** Tidings' to the bare platform's: the middle of the rounds' own ratios. */
	ratio: number;
	/** Between what it lies in nine of ten cases. */
	range: [from: number, to: number];
}

/** What each round came to, by side. */
export type Rounds = Record<SideName, Taken[]>;

/** How it is measured. */
export interface Measuring {
	rounds: number;
	/** How many events of those that a scenario names are used; default all of them. */
	size?: Size;
	/** How many in the warm-up; default as the scenario says. */
	warmUp?: Size;
	progress?(line: string): void;
}

/** @throws Error when a side handled other than what was published, or not as much as the other */
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
	const taken: Rounds = { bare: [], tidings: [] };
	const count = Math.min(rounds, most);
	const name = figures[0]?.name;
	for (const side of [bare, tidings]) {
		progress(`${name}: warm-up, ${side.name}`);
		await before?.(side, size);
		await run(side, warmUp);
	}
	for (let round = 1; round <= count; round++) {
		// Who comes first finds the machine otherwise, and by chance alone neither is after the other more often.
		const turn: Driven[] =
			Math.random() < 0.5 ? [bare, tidings] : [tidings, bare];
		for (const side of turn) {
			progress(`${name}: round ${round} of ${count}, ${side.name}`);
			taken[side.name].push(await run(side, size));
		}
		const handled = [taken.bare.at(-1)?.handled, taken.tidings.at(-1)?.handled];
		if (handled[0] !== handled[1])
			throw new Error(`${name}: handled ${handled.join(" and ")}`);
	}
	return taken;
}

/** What all rounds come to, figure by figure. */
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

/** Whether the ratio is what is asked of it; undefined where nothing is. */
export function isMet({ unit, asked, ratio }: Measured): boolean | undefined {
	if (asked === undefined) return undefined;
	return unit === "ms" ? ratio <= asked : ratio >= asked;
}
