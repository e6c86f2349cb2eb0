/** The laws of runs, judged from the ledger: each accepted event and handler is accounted for, none early, none too often. */
import { decode } from "../../src/contract/envelope.ts";
import { matches } from "../../src/contract/pattern.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { judgeLetter, readLetters } from "./letters.ts";
import type { Platform } from "./platform/platform.ts";
import type { HandlerSpec, Scenario } from "./scenario.ts";
import { subjectsOf } from "./subjects.ts";

/** The laws, by the word that names each in a report. */
export type Rule =
	/** An accepted event and handler is neither delivered, dead nor cancelled. */
	| "missing"
	/** A handler ran before its event was due. */
	| "early"
	/** A handler was given another body than was published. */
	| "changed"
	/** A handler ran more often than its policy, duplicates and crashes explain. */
	| "too often"
	/** An attempt ran twice, or after a later one, and nothing had gone wrong. */
	| "repeated"
	/** It was delivered and is dead, and nothing had gone wrong. */
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

/** After a trouble of its own a shard may wait for the cron trigger, every five minutes, which may die as well. */
const TROUBLED = 21 * 60_000;

/** A hand-over sets its alarm a minute ahead, and clocks are at most a minute apart. */
const APART = 2 * 60_000;

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
		judge("expired", Number(subjects[0]), false, `it lay in ${where} too long`);
	for (const letter of letters.values())
		judgeLetter(letter, scenario, ledger, judge);
	for (const entry of ledger.entries.values()) {
		judgeRuns(entry, ledger, letters, judge);
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
	if (runs.size === 0 && (!receipt || entry.isCancelOpen)) return;
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

/** How often and when its handlers ran. */
function judgeRuns(
	entry: Entry,
	ledger: Ledger,
	letters: ReadonlyMap<string, unknown>,
	judge: Judge,
): void {
	const { n, excuses, receipt } = entry;
	const isTimed = receipt && entry.after !== undefined;
	for (const [handler, runs] of entry.runs) {
		const first = Math.min(...runs.map(({ clock }) => clock));
		const early = isTimed ? entry.dueAt - first : 0;
		judge("early", n, early <= 0, `${handler} ran ${early} ms early`);
		const isIntact = runs.every((run) => run.isIntact);
		judge("changed", n, isIntact, `${handler} was given another body`);
		const replays = ledger.replaysOf(n);
		const limit = limitOf(handler, ledger);
		judge(
			"too often",
			n,
			runs.length <= (limit + 1) * (1 + replays + excuses.length),
			`${handler} ran ${runs.length} times with a limit of ${limit}`,
		);
		if (excuses.length > 0 || replays > 0) continue;
		const attempts = runs.map(({ attempt }) => attempt);
		judge(
			"repeated",
			n,
			attempts.every(
				(attempt, at) => at === 0 || attempt > Number(attempts[at - 1]),
			),
			`${handler} ran attempts ${attempts.join(", ")}`,
		);
		const isDead = letters.has(`${receipt?.id}:${handler}`);
		judge(
			"both",
			n,
			!(isDead && isDelivered(entry, handler)),
			`${handler} was delivered and is dead`,
		);
	}
}

/** Shards with rows that are at work on nothing and have no alarm in time, though nothing happened to them. */
export function asleep(ledger: Ledger, platform: Platform): Violation[] {
	const { now } = platform.time;
	return [...platform.objects.values()].flatMap((object): Violation[] => {
		const { name, database, alarm, isIdle } = object;
		if (!name.startsWith("Scheduler/") || !isIdle || !database.has("held"))
			return [];
		if (now - (ledger.troubledAt.get(name) ?? 0) < TROUBLED) return [];
		const [held] = database.all("SELECT min(due_at) AS due FROM held");
		const due = held?.due as number | null;
		if (due === null) return [];
		const latest = Math.max(due, now) + APART;
		if (alarm.at !== null && alarm.at <= latest) return [];
		const text = `${name} has rows due at ${due - now} ms from now, its alarm ${alarm.at === null ? "is not set" : `stands at ${alarm.at - now} ms`}`;
		return [{ rule: "asleep", text }];
	});
}

/** Messages that carry deliveries, at one instant: a chain never becomes two by itself. */
export function multiplied(ledger: Ledger, platform: Platform): Violation[] {
	const counts = new Map<string, number>();
	const { waiting, underWay } = platform.queue("retries");
	for (const { body } of [...waiting.values(), ...underWay]) {
		const decoded = decode(body);
		if (decoded.kind !== "envelope") continue;
		const { id, delivery } = decoded.envelope;
		const key = `${subjectsOf(id)} ${delivery?.handler}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return [...counts].flatMap(([key, count]): Violation[] => {
		const n = Number(key.split(" ")[0]);
		const excuses = ledger.entries.get(n)?.excuses.length ?? Infinity;
		if (count <= 1 + excuses + ledger.replaysOf(n)) return [];
		return [
			{ rule: "multiplied", n, text: `event ${key} is in ${count} messages` },
		];
	});
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
		(_, index) => (deploys[index + 1]?.at ?? Infinity) > publishedAt,
	);
	const always = (live[0]?.version.handlers ?? []).filter(
		({ id, on }) =>
			matches(on, name) &&
			live.every(({ version }) =>
				version.handlers.some((spec) => spec.id === id),
			),
	);
	return new Set([...always.map(({ id }) => id), ...owed]);
}

export function specOf(
	handler: string,
	{ deploys }: Ledger,
): HandlerSpec | undefined {
	return deploys
		.flatMap(({ version }) => version.handlers)
		.find(({ id }) => id === handler);
}

export function limitOf(handler: string, ledger: Ledger): number {
	const { limit, maxAge } = specOf(handler, ledger)?.retries ?? {};
	return limit ?? (maxAge === undefined ? 10 : Infinity);
}
