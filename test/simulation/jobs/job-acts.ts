/** Draws jobs that replay, discard or cancel all that match, and the faults of their object. */

import type { Fate } from "../../../src/testing/platform/fate.ts";
import { Dice } from "../dice.ts";
import type { Act } from "../scenario.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const JOBS = "Jobs/jobs";

/** Share of the scenarios that have jobs. */
const SHARE = 0.4;

export function drawJobs(
	fate: Fate,
	faults: ReadonlySet<string>,
	span: number,
	acts: Act[],
): void {
	const dice = new Dice(fate, "jobs");
	if (!faults.has("jobs") && !dice.chance(SHARE)) return;
	const at = () => dice.between(0, span + HOUR);
	for (let count = dice.between(1, 4); count > 0; count--)
		acts.push({
			at: at(),
			do: "job",
			...dice.pick([
				{ action: "replay", q: "state:dead" },
				{ action: "replay", q: "name:order.**" },
				{ action: "replay", q: "handler:audit" },
				{ action: "discard", q: "cause:non_retryable" },
				{ action: "cancel", q: "name:note.added" },
			] as const),
		});
	if (!faults.has("jobs")) return;
	for (let count = dice.between(1, 5); count > 0; count--)
		acts.push({
			at: dice.between(0, span),
			...dice.pick([
				{ do: "evict", object: JOBS, busy: true } as const,
				{
					do: "outage",
					of: "Jobs",
					lasting: dice.between(0, 20 * MINUTE),
				},
			]),
		});
}
