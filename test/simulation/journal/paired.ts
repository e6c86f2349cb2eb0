/** Two scenarios that differ in the journal alone. No delivery may differ: none waits for the journal. */
import type { Outcome } from "../run.ts";
import type { Scenario } from "../scenario.ts";

const YEAR = 365 * 86_400_000;

export function withoutJournal(scenario: Scenario): Scenario {
	return { ...scenario, journal: false };
}

/** Calls of the journal fail half of the time, and so does what it stores. */
export function withJournalDown(scenario: Scenario): Scenario {
	const outage = { at: 0, do: "outage", of: "Journal", lasting: YEAR } as const;
	return { ...scenario, journal: {}, acts: [outage, ...scenario.acts] };
}

/** What handlers, dead letters and observers saw of all deliveries, in order, with the times. */
export function deliveriesOf({ ledger }: Outcome): unknown[] {
	const runs = [...ledger.entries.values()].flatMap((entry) =>
		[...entry.runs].flatMap(([handler, ends]) =>
			ends.map(({ at, attempt, end }) => [entry.n, handler, at, attempt, end]),
		),
	);
	const transitions = ledger.observed.all.map(({ at, transition }) => {
		const { type, id, handler, attempt } = transition as typeof transition & {
			handler?: string;
			attempt?: number;
		};
		return [at, type, id, handler, attempt];
	});
	return [...runs, ...transitions];
}
