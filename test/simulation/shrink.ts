/** Shrinks a history that breaks a law: fewer acts, events, faults and handlers. */
import { type Outcome, run } from "./run.ts";
import type { Act, Scenario } from "./scenario.ts";

/** Most runs and milliseconds of one shrinking. */
const MOST_RUNS = 400;
const MOST_TIME = 60_000;

/**
 * @param rerun runs a scenario with only these faults at single calls
 * @param progress is called before each run, with what is left
 */
export async function shrink(
	failed: Outcome,
	rerun: typeof run = run,
	progress: (acts: number, faults: number) => void = () => {},
): Promise<Outcome> {
	const [violation] = failed.violations;
	let best = failed;
	let runs = 0;
	const until = performance.now() + MOST_TIME;

	/** Whether the smaller scenario breaks the same law. */
	async function breaks(
		scenario: Scenario,
		only: readonly string[],
	): Promise<boolean> {
		if (++runs > MOST_RUNS || performance.now() > until) return false;
		progress(scenario.acts.length, only.length);
		const outcome = await rerun(scenario, new Set(only));
		if (!outcome.violations.some(({ rule }) => rule === violation?.rule))
			return false;
		best = outcome;
		return true;
	}

	for (let before = Infinity; size(best) < before && runs < MOST_RUNS; ) {
		before = size(best);
		await least(best.struck, (only) => breaks(best.scenario, only));
		await least(best.scenario.acts, (acts) =>
			breaks({ ...best.scenario, acts }, best.struck),
		);
		await least(alone(best.scenario.acts), (acts) =>
			breaks({ ...best.scenario, acts }, best.struck),
		);
		const { version } = best.scenario;
		await least(version.handlers, (handlers) =>
			breaks(
				{ ...best.scenario, version: { ...version, handlers } },
				best.struck,
			),
		);
	}
	return best;
}

function size({ scenario, struck }: Outcome): number {
	return scenario.acts.length + struck.length;
}

/** Publishes each event of a batch separately. */
function alone(acts: readonly Act[]): Act[] {
	return acts.flatMap((act): Act | Act[] =>
		act.do === "publish"
			? act.events.map((event) => ({ ...act, events: [event] }))
			: [act],
	);
}

/** Removes parts while the rest still breaks the law: delta debugging (Zeller and Hildebrandt 2002). */
async function least<Item>(
	items: readonly Item[],
	breaks: (rest: readonly Item[]) => Promise<boolean>,
): Promise<void> {
	let left = items;
	for (let size = left.length; size >= 1; size = Math.floor(size / 2)) {
		for (let from = 0; from < left.length; ) {
			const rest = left.filter((_, at) => at < from || at >= from + size);
			if (await breaks(rest)) left = rest;
			else from += size;
		}
	}
}
