/** The law of retention: after every wait and every retention is over, no object has rows. */

import type { SimulatedObject } from "../../src/testing/platform/object.ts";
import type { Platform } from "../../src/testing/platform/platform.ts";
import { APART, type Violation } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";

/** After this time every wait and every retention is over, in milliseconds. */
export const LONGEST = 420 * 86_400_000;

/** Finds rows that are never deleted. @param pass advances the time by milliseconds */
export async function undeletedRows(
	ledger: Ledger,
	platform: Platform,
	pass: (ms: number) => Promise<void>,
): Promise<Violation[]> {
	await pass(LONGEST);
	const asleep = left(platform).filter(
		({ name, alarm }) => alarm.at === null && mayLackAlarm(name, ledger),
	);
	const unwatched = asleep.filter(
		(object) => latest(object) > Number(ledger.lostAlarms.get(object.name)),
	);
	if (unwatched.length > 0)
		return unwatched.map(({ name }) => ({
			rule: "retained",
			text: `${name} lost its alarm, and then stored rows without setting a new alarm`,
		}));
	// Fires the lost alarm. Only the work of that alarm is excused.
	for (const { alarm, database } of asleep) {
		alarm.set(platform.time.now, platform.time.now);
		database.commit();
		alarm.plan();
	}
	if (asleep.length > 0) await pass(LONGEST);
	return left(platform).map(({ name, database }) => ({
		rule: "retained",
		text: `${name} never deletes ${database.count()} rows`,
	}));
}

/** The next call of `Keys` or `Journal` sets an alarm that a storage error has prevented. */
function mayLackAlarm(
	name: string,
	{ lostAlarms, troubledAt }: Ledger,
): boolean {
	const isSetByCalls = /^(Keys|Journal)\//.test(name);
	return lostAlarms.has(name) || (isSetByCalls && troubledAt.has(name));
}

function left({ objects }: Platform): SimulatedObject[] {
	return [...objects.values()].filter((object) => rowsOf(object) > 0);
}

/**
 * Counts the rows that must be deleted. An event of an app keeps the secret of its webhook and its last state. Old jobs are
 * deleted when the next one starts.
 */
function rowsOf({ name, database }: SimulatedObject): number {
	if (name.startsWith("Jobs/")) return 0;
	if (!name.startsWith("Subscriptions/")) return database.count();
	const [keys] = database.all("SELECT count(*) AS count FROM _key");
	return database.count() - Number(keys?.count);
}

/** Earliest time at which the latest dead letter can have been stored, in epoch milliseconds. */
function latest({ database }: SimulatedObject): number {
	if (!database.has("dead_letter")) return -Infinity;
	const [row] = database.all(
		"SELECT max(last_failure_at) AS at FROM dead_letter",
	);
	return Number(row?.at) - APART;
}
