/** The law of stays in a queue: a delivery that waits longer, or was retried more often, waits in the scheduler. */

import type { RetryNote } from "../../src/testing/platform/batch.ts";
import { APART, type Judge } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import { CHAIN, QUEUE_WAIT } from "./promises.ts";
import { roleOf } from "./queues.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf } from "./subjects.ts";

export function judgeStays(
	scenario: Scenario,
	{ notes }: Ledger,
	judge: Judge,
): void {
	const margin = scenario.skewed > 0 ? APART : 0;
	for (const { what, where, subjects, detail } of notes) {
		if (what !== "retry" && what !== "taken") continue;
		if (roleOf(where) !== "retries") continue;
		const [subject] = subjects;
		const sent = { attempts: 0, age: 0, failed: [] };
		const { attempts, age, delay, failed }: RetryNote = {
			...sent,
			...(detail as RetryNote),
		};
		// If a call failed, the message waits in its queue for another try.
		if (subject === undefined || isAbout(failed, subject)) continue;
		judge(
			"overstayed",
			eventOf(subject),
			attempts < CHAIN && age + delay <= QUEUE_WAIT + margin,
			`after ${attempts} deliveries in ${age} ms it waits another ${delay} ms in ${where}`,
		);
	}
}

/** Whether one of these subjects is about the same event. */
export function isAbout(subjects: readonly string[], one: string): boolean {
	return subjects.some((subject) => eventOf(subject) === eventOf(one));
}
