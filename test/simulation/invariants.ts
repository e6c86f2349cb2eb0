/** The laws of runs: every accepted event ends for every handler, no run is early, and none is unexplained. */

import type { Platform } from "../../src/testing/platform/platform.ts";
import { judgeApps } from "./apps/app-laws.ts";
import { isOfApp } from "./apps/names.ts";
import { deliveryOf, judgeAttempts, judgeBodies } from "./attempts.ts";
import { judgeDeadLetter, readDeadLetters } from "./dead-letters.ts";
import { judgeKeys } from "./keys/key-laws.ts";
import { judgeLateness } from "./lateness.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { judgeStays } from "./overstays.ts";
import { isFor } from "./promises.ts";
import { judgeRouting } from "./routing.ts";
import type { Scenario } from "./scenario.ts";
import { allOf, eventOf } from "./subjects.ts";

/** The laws, by their names in reports. */
export type Rule =
	/** An accepted event was not cancelled, and for a handler it was not delivered and has no dead letter. */
	| "missing"
	/** A handler ran before its event was due. */
	| "early"
	/** A handler received a body other than the published one or that of its replay. */
	| "changed"
	/** A handler ran more often than its policy, duplicates and crashes explain. */
	| "too often"
	/** An attempt ran again, or after a later one, in more chains than duplicates, crashes and replays explain. */
	| "repeated"
	/** An attempt ran although the attempt before did not, more often than duplicates and lost tries explain. */
	| "skipped"
	/** A delivery succeeded and has a dead letter, without a duplicate, lost try or replay. */
	| "both"
	/** A handler ran after a confirmed cancel. */
	| "cancelled"
	/** A delivery is in more messages and rows than duplicates and crashes explain. */
	| "multiplied"
	/** A dead letter lacks a part of its event, or belongs to no published event. */
	| "dead letter"
	/** A dead letter has a wrong cause. */
	| "cause"
	/** A stored delivery was changed without a later attempt, or in a way that its claim would delete. */
	| "overwritten"
	/** A delivery stays in its queue for longer, or for more deliveries, than it may. */
	| "overstayed"
	/** A message was sent to another lane, or to a queue that is draining. */
	| "misrouted"
	/** A message exceeded the retention of its queue. */
	| "expired"
	/** The call of an app's webhook was accepted, and its handler neither succeeded nor is it dead. */
	| "webhook lost"
	/** A delivery of a webhook is several events within a day, or was stored more often than faults explain. */
	| "webhook repeated"
	/** Without a fault, a call of a webhook waited for its answer, or was answered with an error. */
	| "webhook late"
	/** A subscriber of an event that was sent has neither succeeded nor is it dead. */
	| "subscriber missed"
	/** A subscriber succeeded more often than duplicates, crashes and replays explain. */
	| "subscriber repeated"
	/** An event of an app handled a trigger, or counted as active, before its start. */
	| "not started"
	/** A start or stop of an event of an app began before the one before it had ended. */
	| "overlapped"
	/** An event of an app without subscribers was not stopped, or accepts calls after its stop. */
	| "not stopped"
	/** A poll was too early, too late, not handled, or came while its event did not run. */
	| "polled"
	/** A shard has rows and no alarm for them. */
	| "asleep"
	/** An event or a retry started later than its time and the faults explain. */
	| "late"
	/** Without any fault, an invocation returned before its calls were done. */
	| "left over"
	/** The system never becomes idle. */
	| "restless"
	/** An idempotency key stands for several events, or a call with it got a wrong answer. */
	| "key"
	/** Progress of a job went back, a job has stopped, or it replayed a dead letter twice. */
	| "job"
	/** The journal shows what did not happen. */
	| "untrue"
	/** The journal lacks what happened, without a fault. */
	| "unrecorded"
	/** The counts of the journal's minutes are not those of its entries. */
	| "miscounted"
	/** A row is never deleted. */
	| "retained";

export interface Violation {
	rule: Rule;
	/** The number of the event, if the violation is about one. */
	n?: number;
	text: string;
}

/** Clocks differ by at most a minute; another minute is for alarms that are set ahead. */
export const APART = 2 * 60_000;

/** How long an old deploy may run next to its successor, in milliseconds. */
export const ROLLING = 5 * 60_000;

/** Records a violation if a claim about an event is false. */
export type Judge = (
	rule: Rule,
	n: number,
	holds: boolean,
	text: string,
) => void;

export function violationsOf(
	scenario: Scenario,
	ledger: Ledger,
	platform: Platform,
): Violation[] {
	const deadLetters = readDeadLetters(platform);
	const found: Violation[] = [];
	const judge: Judge = (rule, n, holds, text) => {
		if (!holds) found.push({ rule, n, text: `event ${n}: ${text}` });
	};
	for (const { where, subjects } of ledger.notes.filter(
		({ what }) => what === "expired",
	))
		judge(
			"expired",
			eventOf(subjects[0] ?? ""),
			false,
			`it exceeded the retention of ${where}`,
		);
	for (const { what, where } of ledger.notes)
		if (what === "left over" && scenario.faults.length === 0)
			found.push({ rule: "left over", text: `${where} is not awaited` });
	judgeKeys(scenario, ledger, judge);
	judgeStays(scenario, ledger, judge);
	judgeRouting(ledger, judge);
	for (const deadLetter of deadLetters.values())
		if (!isOfApp(deadLetter.handler))
			judgeDeadLetter(deadLetter, scenario, ledger, judge);
	for (const entry of ledger.entries.values()) {
		judgeRuns(entry, scenario, ledger, deadLetters, judge);
		judgeEnd(entry, ledger, deadLetters, judge);
	}
	found.push(...judgeApps(scenario, ledger, deadLetters));
	// Last: what breaks another law is often late too.
	judgeLateness(scenario, ledger, judge);
	return found;
}

/** Checks that the event ended for each handler. */
function judgeEnd(
	entry: Entry,
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, unknown>,
	judge: Judge,
): void {
	const { n, receipt, runs, id = receipt?.id } = entry;
	if (entry.cancelledAt !== undefined) {
		const ran = [...runs.keys()].join(", ");
		judge(
			"cancelled",
			n,
			runs.size === 0,
			`${ran} ran although it was cancelled`,
		);
		return;
	}
	// Without an answer it may have been cancelled, or never accepted, unless a handler ran.
	if (runs.size === 0 && (!receipt || entry.openCancels > 0)) return;
	for (const handler of expected(entry, ledger))
		judge(
			"missing",
			n,
			[handler, allOf(handler)].some((one) =>
				deadLetters.has(`${id}:${one}`),
			) || isDelivered(entry, handler),
			`${handler} was neither delivered nor is it dead`,
		);
}

/** Checks the times, attempts and bodies of all runs. */
function judgeRuns(
	entry: Entry,
	scenario: Scenario,
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, unknown>,
	judge: Judge,
): void {
	const { n, receipt } = entry;
	const isTimed = receipt && entry.after !== undefined;
	for (const [handler, runs] of entry.runs) {
		const first = runs.reduce(
			(least, { clock }) => Math.min(least, clock),
			Infinity,
		);
		const early = isTimed ? entry.dueAt - first : 0;
		judge("early", n, early <= 0, `${handler} ran ${early} ms early`);
		const delivery = deliveryOf(entry, handler, ledger);
		judgeAttempts(delivery, scenario, judge);
		judgeBodies(delivery, judge);
		const { lostTries, chains } = delivery;
		const isDead = deadLetters.has(`${receipt?.id}:${handler}`);
		judge(
			"both",
			n,
			!(isDead && isDelivered(entry, handler)) || chains + lostTries > 1,
			`${handler} was delivered and is dead`,
		);
	}
}

function isDelivered({ runs }: Entry, handler: string): boolean {
	return (runs.get(handler) ?? []).some(({ end }) => end === "succeeded");
}

/** Returns the handlers that every deploy had while the event could be dispatched, and those with a stored delivery. */
function expected(entry: Entry, { deploys }: Ledger): Set<string> {
	const { publishedAt, name, owed } = entry;
	const live = deploys.filter(
		(_, index) => (deploys[index + 1]?.at ?? Infinity) + ROLLING > publishedAt,
	);
	const always = (live[0]?.version.handlers ?? []).filter(
		({ id, on }) =>
			isFor(on, name) &&
			live.every(({ version }) =>
				version.handlers.some((spec) => spec.id === id),
			),
	);
	return new Set([...always.map(({ id }) => id), ...owed]);
}
