/** The law of retention: when all retention periods have ended, no object has a row left. */
import { APART, type Violation } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import type { SimulatedObject } from "./platform/object.ts";
import type { Platform } from "./platform/platform.ts";

/** After so long every wait is over, and what is kept for a time is gone. */
export const LONGEST = 420 * 86_400_000;

/** @param pass lets time pass, in milliseconds */
export async function kept(
	ledger: Ledger,
	platform: Platform,
	pass: (ms: number) => Promise<void>,
): Promise<Violation[]> {
	await pass(LONGEST);
	const asleep = left(platform).filter(
		({ name, alarm }) => alarm.at === null && ledger.lostAlarms.has(name),
	);
	const unwatched = asleep.filter(
		(object) => latest(object) > Number(ledger.lostAlarms.get(object.name)),
	);
	if (unwatched.length > 0)
		return unwatched.map(({ name }) => ({
			rule: "kept",
			text: `${name} lost its alarm, and took rows after that without setting another`,
		}));
	// The lost alarm comes after all: what it would have done is excused, and nothing else.
	for (const { alarm, database } of asleep) {
		alarm.set(platform.time.now, platform.time.now);
		database.commit();
		alarm.plan();
	}
	if (asleep.length > 0) await pass(LONGEST);
	return left(platform).map(({ name, database }) => ({
		rule: "kept",
		text: `${name} keeps ${database.count()} rows for ever`,
	}));
}

function left({ objects }: Platform): SimulatedObject[] {
	return [...objects.values()].filter(({ database }) => database.count() > 0);
}

/** The earliest that its latest letter can have been stored, in epoch milliseconds; where it has none, nothing is known. */
function latest({ database }: SimulatedObject): number {
	if (!database.has("dead_letter")) return -Infinity;
	const [row] = database.all(
		"SELECT max(last_failure_at) AS at FROM dead_letter",
	);
	return Number(row?.at) - APART;
}
