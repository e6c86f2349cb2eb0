/** Draws what the journal records, when operators look up events, and the faults of its object. */

import type { Fate } from "../../../src/testing/platform/fate.ts";
import { Dice } from "../dice.ts";
import type { Act, Scenario } from "../scenario.ts";
import { JOURNAL } from "./journal-copy.ts";

const MINUTE = 60_000;

const JOURNALS: readonly Scenario["journal"][] = [
	{},
	{},
	{ record: "failures" },
	{ bodies: "all" },
	{ bodies: "none" },
	{ bodies: "all", maxBytes: 20 },
	{ retention: "1 day" },
	false,
] as const;

export function drawJournal(
	fate: Fate,
	faults: ReadonlySet<string>,
	span: number,
	events: number,
	acts: Act[],
): Scenario["journal"] {
	const dice = new Dice(fate, "journal");
	const journal = dice.pick(JOURNALS);
	const at = () => dice.between(0, span);
	for (let count = dice.between(0, 5); count > 0; count--)
		acts.push({ at: at(), do: "look up", n: dice.between(0, events) });
	if (!faults.has("journal")) return journal;
	for (let count = dice.between(1, 4); count > 0; count--) {
		const lasting = dice.between(0, 30 * MINUTE);
		acts.push({
			at: at(),
			...dice.pick([
				{ do: "outage", of: "Journal", lasting } as const,
				{ do: "evict", object: JOURNAL, busy: true } as const,
				{ do: "fill", object: JOURNAL, lasting } as const,
			]),
		});
	}
	return journal;
}
