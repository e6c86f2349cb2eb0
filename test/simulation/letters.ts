/** The laws of dead letters, judged from what was stored: each has its whole event, and its cause is true. */
import { isDeepStrictEqual } from "node:util";
import type { RetryOptions } from "tidings";
import {
	CHAIN_TRIES,
	CRASH_SLACK,
	MAX_RETRIES,
} from "../../src/contract/limits.ts";
import { policyOf, waitBefore } from "../../src/contract/policy.ts";
import { type Judge, limitOf, specOf } from "./invariants.ts";
import type { Entry, Ledger, Run } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import type { Scenario } from "./scenario.ts";
import { subjectsOf } from "./subjects.ts";
import { behaviourOf, RETRY_AFTER } from "./versions.ts";

/** As it lies in the store. */
export interface Letter {
	id: string;
	handler: string;
	cause: string;
	head: string;
	body: string | null;
	error: string;
	status: string;
	attempts: number;
	last_failure_at: number;
}

const HOUR = 3_600_000;

/** What brings a message back without an attempt having failed; a duplicate brings another, and costs it nothing. */
const LOST_TRY = /^(died|call lost|down|refused|hung)/;

/** How far two clocks may be apart, in milliseconds, with what a rolling deploy and a consumer take on top. */
const LEEWAY = 600_000;

export function readLetters(platform: Platform): Map<string, Letter> {
	const { database } = platform.object("DeadLetters", "dead-letters");
	const rows = (database.has("letter")
		? database.all("SELECT * FROM letter")
		: []) as unknown as Letter[];
	return new Map(rows.map((row) => [row.id, row]));
}

export function judgeLetter(
	letter: Letter,
	scenario: Scenario,
	ledger: Ledger,
	judge: Judge,
): void {
	const { handler, cause, attempts } = letter;
	const n = Number(subjectsOf(letter.id)[0] ?? -1);
	const entry = ledger.entries.get(n);
	if (!entry) {
		const isRaw = ["unreadable", "newer_version"].includes(cause);
		judge("letter", n, isRaw, `a letter of nobody: ${letter.id}, ${cause}`);
		return;
	}
	const { name } = JSON.parse(letter.head);
	judge("letter", n, name === entry.name, `its letter says ${name}`);
	const isWhole =
		letter.status === "discarded" ||
		(letter.body !== null &&
			isDeepStrictEqual(JSON.parse(letter.body), entry.body));
	judge("letter", n, isWhole, `the letter for ${handler} has another body`);
	// A replay ends as any delivery does: its letter is dead again, or the handler has taken the event since.
	const diedAt = letter.last_failure_at - (scenario.skewed > 0 ? LEEWAY : 0);
	const isTaken = (entry.runs.get(handler) ?? []).some(
		({ end, at }) => end === "succeeded" && at >= diedAt,
	);
	judge(
		"missing",
		n,
		letter.status !== "replayed" || isTaken,
		`${handler} was replayed and has not ended`,
	);
	const hasError = typeof JSON.parse(letter.error).message === "string";
	judge("letter", n, hasError, `the letter for ${handler} has no error`);
	judge(
		"cause",
		n,
		isTrue(letter, entry, scenario, ledger),
		`${handler} is dead as ${cause} after ${attempts} attempts, which is not so`,
	);
}

/** Whether what the letter says of its cause is so. */
function isTrue(
	{ cause, handler, attempts, last_failure_at: diedAt }: Letter,
	{ n, excuses, body, runs, replays }: Entry,
	scenario: Scenario,
	ledger: Ledger,
): boolean {
	const behaviour = behaviourOf(scenario, n, handler);
	const limit = limitOf(handler, ledger);
	const run = runs.get(handler) ?? [];
	const lostTries = excuses.filter((excuse) => LOST_TRY.test(excuse)).length;
	const retries = specOf(handler, ledger)?.retries ?? {};
	switch (cause) {
		case "exhausted":
			return (
				behaviour.type === "fail" &&
				behaviour.times > limit &&
				attempts > limit &&
				run.length + excuses.length > limit
			);
		case "expired":
			return (
				behaviour.type === "fail" &&
				(replays > 0 || isOver(run, behaviour.how, attempts, retries))
			);
		case "non_retryable":
			return behaviour.type === "refuse";
		case "schema_violation":
			return (
				ledger.deploys.some(({ version }) => version.isStrict) &&
				!("visits" in (body as object))
			);
		case "unknown_handler":
			return wasAbsent(handler, diedAt, ledger);
		case "crashed":
			return behaviour.type === "kill" || lostTries >= CRASH_SLACK;
		case "abandoned":
			// With so many retries that the platform's own are used up first, or crashes at its last ten.
			return (
				(behaviour.type === "kill" && limit + 1 + CRASH_SLACK >= MAX_RETRIES) ||
				lostTries >= MAX_RETRIES - CHAIN_TRIES
			);
		default:
			return false;
	}
}

/** Whether the next attempt would have begun past the policy's `maxAge`, counted from the first run of all. */
function isOver(
	runs: readonly Run[],
	how: string,
	attempts: number,
	retries: RetryOptions,
): boolean {
	const policy = policyOf(retries);
	const wait =
		how === "retry after" ? RETRY_AFTER : waitBefore(policy, attempts, 1);
	const [first, last] = [runs[0], runs.at(-1)];
	return (
		policy.maxAge !== null &&
		first !== undefined &&
		last !== undefined &&
		last.at + wait + LEEWAY > first.at + policy.maxAge
	);
}

/** Whether the deploys at the letter's time, and an hour before it, were without the handler. */
function wasAbsent(
	handler: string,
	diedAt: number,
	{ deploys }: Ledger,
): boolean {
	const isAbsent = (from: number, to: number) =>
		deploys.some(
			({ at, version }, index) =>
				at <= to &&
				(deploys[index + 1]?.at ?? Infinity) >= from &&
				!version.handlers.some(({ id }) => id === handler),
		);
	return (
		isAbsent(diedAt - LEEWAY, diedAt + LEEWAY) &&
		isAbsent(-Infinity, diedAt - HOUR + LEEWAY)
	);
}
