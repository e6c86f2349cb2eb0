/** The faults by name, with their rates. */
import type { Rates, Strike } from "../../src/testing/platform/strike.ts";

/** Faults of single calls. A rate is a share of the calls that the fault can affect. */
const STRIKES: Record<string, Partial<Record<Strike, number>>> = {
	crash: { crash_before: 0.008, crash_after: 0.008 },
	refuse: { refused: 0.02 },
	lie: { lied: 0.01 },
	halfway: { halfway: 0.05 },
	hang: { hung_before: 0.002, hung_after: 0.002 },
	slow: { slow: 0.02 },
	evict: { reset: 0.02 },
	duplicate: { duplicated: 0.05 },
	alarm: { alarm_lost: 0.05 },
	disk: { storage_failed: 0.003, storage_broken: 0.002 },
};

/** Faults that are acts of the scenario. They have a time and may last. */
const EVENTS = [
	/** Storage of a scheduler fails for minutes. */
	"storage",
	/** The dead-letter store, or its queue, is down for hours. */
	"store",
	/** The Worker `post` is down for minutes, sometimes for more than a day. */
	"worker",
	/** The stored bodies of large events are lost. */
	"body",
	/** A queue rejects everything for minutes. */
	"queue",
	/** Clocks differ, and jump a minute either way. */
	"clock",
	/** A handler kills its isolate each time. */
	"poison",
	/** A handler never settles. */
	"stuck",
	/** Handlers are removed, renamed and reordered, and a schema changes, while events wait. */
	"deploy",
	/** Cancels and reschedules race with the alarm. */
	"race",
	/** A queue contains unreadable messages and newer versions. */
	"garbage",
	/** Every message is delivered twice. */
	"twice",
	/** The journal is down or full for minutes, and its object is reset. */
	"journal",
	/** The object of the jobs is down for minutes, and reset in the middle of batches. */
	"jobs",
	/** The store of idempotency keys is down for minutes, and its objects are reset. */
	"keys",
] as const;

export const FAULTS: readonly string[] = [...Object.keys(STRIKES), ...EVENTS];

/** @param scale multiplies each rate */
export function ratesOf(faults: ReadonlySet<string>, scale: number): Rates {
	const rates: Partial<Record<Strike, number>> = {};
	for (const [name, strikes] of Object.entries(STRIKES))
		if (faults.has(name))
			for (const [strike, rate] of Object.entries(strikes))
				rates[strike as Strike] = rate * scale;
	if (faults.has("twice")) rates.duplicated = 1;
	return rates;
}
