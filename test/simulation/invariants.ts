/** The laws, judged from the ledger and from what was stored: each accepted event and handler is accounted for. */
import { isDeepStrictEqual } from "node:util";
import { CRASH_SLACK } from "../../src/contract/limits.ts";
import { matches } from "../../src/contract/pattern.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import type { Violation } from "./run.ts";
import { behaviourOf, type HandlerSpec, type Scenario } from "./scenario.ts";
import { subjectsOf } from "./subjects.ts";

interface Letter {
	id: string;
	event: string;
	handler: string;
	cause: string;
	head: string;
	body: string | null;
	status: string;
	replays: number;
	attempts: number;
}

const HOUR = 3_600_000;

export function violationsOf(
	scenario: Scenario,
	ledger: Ledger,
	platform: Platform,
): Violation[] {
	const letters = readLetters(platform);
	const found: Violation[] = [];
	const judge = (rule: string, n: number, holds: boolean, text: string) => {
		if (!holds) found.push({ rule, n, text: `event ${n}: ${text}` });
	};
	if (ledger.expired > 0)
		found.push({ rule: "retention", text: `${ledger.expired} messages lay in a queue for longer than it keeps them` });
	for (const letter of letters.values())
		judgeLetter(letter, scenario, ledger, judge);
	for (const entry of ledger.entries.values()) {
		const { n, receipt } = entry;
		judgeRuns(entry, scenario, ledger, letters, judge);
		if (entry.cancelledAt !== undefined) {
			judge("cancelled", n, entry.runs.size === 0, "it was cancelled, and yet a handler ran");
			continue;
		}
		if (!receipt || entry.isMoveUnknown) continue;
		for (const handler of expected(entry, ledger)) {
			const isDead = letters.has(`${receipt.id}:${handler}`);
			const isDelivered = (entry.runs.get(handler) ?? []).some(
				({ end }) => end === "succeeded",
			);
			judge("missing", n, isDead || isDelivered, `${handler} was neither delivered nor is it dead`);
		}
	}
	return found;
}

type Judge = (rule: string, n: number, holds: boolean, text: string) => void;

/** Runs of one event: none early, no more than the policy and the platform's own faults explain. */
function judgeRuns(
	entry: Entry,
	scenario: Scenario,
	ledger: Ledger,
	letters: ReadonlyMap<string, Letter>,
	judge: Judge,
): void {
	const { n, excuses, receipt } = entry;
	for (const [handler, runs] of entry.runs) {
		const first = Math.min(...runs.map(({ clock }) => clock));
		judge("early", n, entry.isMoveUnknown || first >= entry.dueAt, `${handler} ran ${entry.dueAt - first} ms early`);
		judge("intact", n, runs.every(({ isIntact }) => isIntact), `${handler} was given another body`);
		const letter = letters.get(`${receipt?.id}:${handler}`);
		const replays = ledger.told.filter(
			({ what, where, subjects }) =>
				what === "replayed" && where === handler && subjects[0] === String(n),
		).length;
		const chains = 1 + replays + excuses.length;
		const limit = limitOf(handler, ledger);
		judge("attempts", n, runs.length <= (limit + 1) * chains, `${handler} ran ${runs.length} times, its limit is ${limit}, ${excuses.length} excuses`);
		if (excuses.length > 0 || replays > 0) continue;
		const attempts = runs.map(({ attempt }) => attempt);
		judge("order of attempts", n, attempts.every((attempt, index) => index === 0 || attempt > (attempts[index - 1] as number)), `${handler} ran attempts ${attempts.join(", ")}`);
		const isDelivered = runs.some(({ end }) => end === "succeeded");
		judge("both", n, !(isDelivered && letter), `${handler} was delivered and is dead: ${letter?.cause}`);
	}
}

/** A letter has its cause, which is true, and its whole event. */
function judgeLetter(
	letter: Letter,
	scenario: Scenario,
	ledger: Ledger,
	judge: Judge,
): void {
	const n = Number(subjectsOf(letter.id)[0] ?? -1);
	const entry = ledger.entries.get(n);
	if (!entry) {
		judge("letter", n, ["unreadable", "newer_version"].includes(letter.cause), `a letter of nobody: ${letter.id} ${letter.cause}`);
		return;
	}
	const head = JSON.parse(letter.head);
	judge("letter", n, head.name === entry.name, `its letter names ${head.name}`);
	if (letter.status !== "discarded")
		judge("letter", n, letter.body !== null && isDeepStrictEqual(JSON.parse(letter.body), entry.body), `the letter for ${letter.handler} has another body`);
	judge("cause", n, isTrue(letter, entry, scenario, ledger), `${letter.handler} is dead as ${letter.cause} after ${letter.attempts} attempts, which is not so (${excusesOf(entry)})`);
}

/** Whether what the letter says of its cause is so. */
function isTrue(
	{ cause, handler, attempts }: Letter,
	entry: Entry,
	scenario: Scenario,
	ledger: Ledger,
): boolean {
	const behaviour = behaviourOf(scenario, entry.n, handler.replace("-renamed", ""));
	const spec = specOf(handler, ledger);
	switch (cause) {
		case "exhausted":
			return behaviour.type === "fail" && behaviour.times > limitOf(handler, ledger) && attempts > limitOf(handler, ledger);
		case "expired":
			return behaviour.type === "fail" && spec?.retries.maxAge !== undefined;
		case "non_retryable":
			return behaviour.type === "refuse";
		case "unknown_handler":
			return wasAbsent(handler, ledger);
		case "crashed":
			return behaviour.type === "kill" || entry.excuses.length >= CRASH_SLACK;
		default:
			return false;
	}
}

/** The handlers that every deploy had while the event could be dispatched, and those that ever began. */
function expected(entry: Entry, { deploys }: Ledger): Set<string> {
	const from = entry.publishedAt;
	const live = deploys.filter((_, index) => (deploys[index + 1]?.at ?? Infinity) > from);
	const always = (live[0]?.version.handlers ?? []).filter(
		({ id, on }) =>
			matches(on, entry.name) &&
			live.every(({ version }) => version.handlers.some((spec) => spec.id === id)),
	);
	return new Set([...always.map(({ id }) => id), ...entry.runs.keys()]);
}

function specOf(handler: string, { deploys }: Ledger): HandlerSpec | undefined {
	return deploys
		.flatMap(({ version }) => version.handlers)
		.find(({ id }) => id === handler);
}

function limitOf(handler: string, ledger: Ledger): number {
	const { limit, maxAge } = specOf(handler, ledger)?.retries ?? {};
	return limit ?? (maxAge === undefined ? 10 : Infinity);
}

/** Whether some deploy was without the handler for an hour, clocks being a minute off either way. */
function wasAbsent(handler: string, { deploys }: Ledger): boolean {
	return deploys.some(({ at, version }, index) => {
		const until = deploys[index + 1]?.at ?? Infinity;
		return (
			!version.handlers.some(({ id }) => id === handler) &&
			until - at > HOUR - 120_000
		);
	});
}

function excusesOf({ excuses }: Entry): string {
	return excuses.length === 0 ? "nothing went wrong" : excuses.slice(0, 5).join(", ");
}

function readLetters(platform: Platform): Map<string, Letter> {
	const { database } = platform.object("DeadLetters", "dead-letters");
	const [table] = database.all(
		"SELECT name FROM sqlite_schema WHERE name = 'letter'",
	);
	const rows = (table
		? database.all("SELECT * FROM letter")
		: []) as unknown as Letter[];
	return new Map(rows.map((row) => [row.id, row]));
}
