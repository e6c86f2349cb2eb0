/** Runs scenarios for both sides in turn, round by round, so that what disturbs the machine disturbs both. */
import { median } from "./figures.ts";
import type { Driven, Runtime, SideName } from "./runtime.ts";
import type { Figure, Scenario, Size, Taken } from "./scenarios.ts";

export interface Measured extends Figure {
	/** A value for each round. */
	bare: number[];
	tidings: number[];
	/** Tidings' to the bare platform's: the middle of the rounds' own ratios. */
	ratio: number;
}

/** How it is measured. */
export interface Measuring {
	rounds: number;
	/** How many events of those that a scenario names are used; default all of them. */
	size?: Size;
	/** How many in the warm-up; default a fifth. */
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
		repeats = 1,
	}: Scenario,
	runtime: Runtime,
	{
		rounds,
		size = (events) => events,
		warmUp = (events) => Math.ceil(size(events) / 5),
		progress = () => {},
	}: Measuring,
): Promise<Measured[]> {
	const [bare, tidings] = [runtime.side("bare"), runtime.side("tidings")];
	const taken: Record<SideName, Taken[]> = { bare: [], tidings: [] };
	const count = Math.min(rounds * repeats, most);
	const name = figures[0]?.name;
	for (const side of [bare, tidings]) {
		progress(`${name}: warm-up, ${side.name}`);
		await before?.(side, size);
		await run(side, warmUp);
	}
	for (let round = 1; round <= count; round++) {
		// Who comes first changes, for it may find the machine otherwise.
		const turn: Driven[] = round % 2 ? [bare, tidings] : [tidings, bare];
		for (const side of turn) {
			progress(`${name}: round ${round} of ${count}, ${side.name}`);
			taken[side.name].push(await run(side, size));
		}
		const handled = [taken.bare.at(-1)?.handled, taken.tidings.at(-1)?.handled];
		if (handled[0] !== handled[1])
			throw new Error(`${name}: handled ${handled.join(" and ")}`);
	}
	return figures.map((figure, index) => {
		const of = (side: SideName) =>
			taken[side].map(({ values }) => values[index] as number);
		const [bare, tidings] = [of("bare"), of("tidings")];
		const ratios = tidings.map((value, round) => value / (bare[round] ?? 0));
		return { ...figure, bare, tidings, ratio: median(ratios) };
	});
}

/** Whether the ratio is what is asked of it; undefined where nothing is. */
export function isMet({ unit, asked, ratio }: Measured): boolean | undefined {
	if (asked === undefined) return undefined;
	return unit === "ms" ? ratio <= asked : ratio >= asked;
}
