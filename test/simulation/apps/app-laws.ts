/** The laws of apps, as seen from outside: webhooks, subscribers, starts, stops and polls. */

import type { Platform } from "../../../src/testing/platform/platform.ts";
import type { DeadLetterRow } from "../dead-letters.ts";
import type { Rule, Violation } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import type { Scenario } from "../scenario.ts";
import { AppFaults } from "./app-faults.ts";
import { judgeLifecycle, judgePollEnds } from "./lifecycle-laws.ts";
import { nameOf, SOURCES } from "./names.ts";
import { judgeSubscribers } from "./subscriber-laws.ts";
import { judgeWebhooks } from "./webhook-laws.ts";

/** Records a violation if a claim about apps is false. */
export type JudgeApps = (rule: Rule, holds: boolean, text: string) => void;

/** After the last unsubscribe, an event stops within this time, in milliseconds. */
export const LONGEST_STOP = 3 * 3_600_000;

export function judgeApps(
	scenario: Scenario,
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
): Violation[] {
	if (!scenario.apps) return [];
	const found: Violation[] = [];
	const judge: JudgeApps = (rule, holds, text) => {
		if (!holds) found.push({ rule, text });
	};
	const faults = new AppFaults(ledger);
	judgeWebhooks(ledger, deadLetters, faults, judge);
	judgeSubscribers(scenario, ledger, deadLetters, judge);
	for (const name of SOURCES.map(nameOf)) {
		judgeLifecycle(name, scenario, ledger, faults, judge);
		judgePollEnds(name, ledger, deadLetters, faults, judge);
	}
	return found;
}

/** Whether an event of an app is not stopped. */
export function appsRun({ objects }: Platform): boolean {
	return [...objects.values()].some(({ name, database }) => {
		if (!name.startsWith("Subscriptions/")) return false;
		const [row] = database.all("SELECT value FROM _key WHERE key = 'life'");
		return (
			row !== undefined && JSON.parse(String(row.value)).phase !== "stopped"
		);
	});
}
