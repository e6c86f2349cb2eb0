/** The laws of runs, checked on the ledger: each accepted event reaches each handler, never early, never too often. */
import { deliveryOf, judgeAttempts, judgeBodies } from "./attempts.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { judgeLetter, readLetters } from "./letters.ts";
import type { Platform } from "./platform/platform.ts";
import { isFor } from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf } from "./subjects.ts";

/** The laws, by the word that names each in a report. */
export type Rule =
	/** An accepted event and handler is neither delivered, dead nor cancelled. */
	| "missing"
	/** A handler ran before its event was due. */
	| "early"
	/** A handler was given another body than was published, or than its replay has. */
	| "changed"
	/** A handler ran more often than its policy, duplicates and crashes explain. */
	| "too often"
	/** An attempt ran again, or after a later one, in more chains than duplicates, crashes and replays explain. */
	| "repeated"
	/** An attempt ran though the one before it never did, more often than duplicates and lost tries explain. */
	| "skipped"
	/** It was delivered and is dead, with no duplicate, lost try or replay. */
	| "both"
	/** A handler ran after a cancel that was confirmed. */
	| "cancelled"
	/** More messages carry one delivery than duplicates and crashes explain. */
	| "multiplied"
	/** A letter has not its whole event, or belongs to nobody. */
	| "letter"
	/** A letter says of its cause what is not so. */
	| "cause"
	/** A queue kept a message until it was too old. */
	| "expired"
	/** Rows wait, and no alarm stands for them. */
	| "asleep"
	/** It came later than a healthy platform explains. */
	| "late"
	/** Nothing had gone wrong, and an invocation returned before what it had called was done. */
	| "left over"
	/** It does not come to rest. */
	| "restless"
	/** Something is kept for ever. */
	| "kept";

export interface Violation {
	rule: Rule;
	/** The event's number, where it is about one. */
	n?: number;
	text: string;
}

/** Clocks are at most a minute apart; as much again for what an alarm is set ahead. */
export const APART = 2 * 60_000;

/** For so long an old deploy may go on beside its successor, in milliseconds. */
export const ROLLING = 5 * 60_000;

/** Where no fault is about, an event begins at most this much after it is due: others are before it. */
const LATE = 3 * 60_000;

/** Notes a violation where a claim about an event does not hold. */
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
	const letters = readLetters(platform);
	const found: Violation[] = [];
	const judge: Judge = (rule, n, holds, text) => {
		if (!holds) found.push({ rule, n, text: `event ${n}: ${text}` });
	};
	for (const { where, subjects } of ledger.told.filter(
		({ what }) => what === "expired",
	))
		judge(
			"expired",
			eventOf(subjects[0] ?? ""),
			false,
			`it lay in ${where} too long`,
		);
	for (const { what, where } of ledger.told)
		if (what === "left over" && scenario.faults.length === 0)
			found.push({ rule: "left over", text: `nobody awaits ${where}` });
	for (const letter of letters.values())
		judgeLetter(letter, scenario, ledger, judge);
	for (const entry of ledger.entries.values()) {
		judgeRuns(entry, scenario, ledger, letters, judge);
		if (scenario.faults.length === 0) judgePunctuality(entry, judge);
		judgeEnd(entry, ledger, letters, judge);
	}
	return found;
}

/** That it ended, for each handler. */
function judgeEnd(
	entry: Entry,
	ledger: Ledger,
	letters: ReadonlyMap<string, unknown>,
	judge: Judge,
): void {
	const { n, receipt, runs, id = receipt?.id } = entry;
	if (entry.cancelledAt !== undefined) {
		const ran = [...runs.keys()].join(", ");
		judge(
			"cancelled",
			n,
			runs.size === 0,
			`${ran} ran though it was cancelled`,
		);
		return;
	}
	// Unanswered, it may have been cancelled, or never been accepted; but not if a handler ran.
	if (runs.size === 0 && (!receipt || entry.openCancels > 0)) return;
	for (const handler of expected(entry, ledger))
		judge(
			"missing",
			n,
			letters.has(`${id}:${handler}`) || isDelivered(entry, handler),
			`${handler} was neither delivered nor is it dead`,
		);
}

function judgePunctuality({ n, dueAt, runs }: Entry, judge: Judge): void {
	const first = Math.min(
		...[...runs.values()].map(([run]) => run?.at ?? dueAt),
	);
	const late = runs.size > 0 ? first - dueAt : 0;
	judge("late", n, late <= LATE, `its first handler began ${late} ms late`);
}

/** When its handlers ran, and what they were given; how often is judged of each. */
function judgeRuns(
	entry: Entry,
	scenario: Scenario,
	ledger: Ledger,
	letters: ReadonlyMap<string, unknown>,
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
		const isDead = letters.has(`${receipt?.id}:${handler}`);
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

/**
 * The handlers that every deploy had for as long as the event could be dispatched, and those that it has a
 * delivery for.
 */
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
