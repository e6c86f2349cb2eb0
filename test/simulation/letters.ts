/** The laws of dead letters, judged from what was stored: each has its whole event, and its cause is true. */
import { isDeepStrictEqual } from "node:util";
import {
	CHAIN_TRIES,
	CRASH_SLACK,
	MAX_RETRIES,
} from "../../src/contract/limits.ts";
import { type Judge, limitOf, specOf } from "./invariants.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import type { Scenario } from "./scenario.ts";
import { subjectsOf } from "./subjects.ts";
import { behaviourOf } from "./versions.ts";

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
}

const HOUR = 3_600_000;

export function readLetters(platform: Platform): Map<string, Letter> {
	const { database } = platform.object("DeadLetters", "dead-letters");
	const [table] = database.all(
		"SELECT name FROM sqlite_schema WHERE name = 'letter'",
	);
	const rows = (table
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
	{ cause, handler, attempts }: Letter,
	{ n, excuses, body }: Entry,
	scenario: Scenario,
	ledger: Ledger,
): boolean {
	const behaviour = behaviourOf(scenario, n, handler);
	const limit = limitOf(handler, ledger);
	switch (cause) {
		case "exhausted":
			return (
				behaviour.type === "fail" && behaviour.times > limit && attempts > limit
			);
		case "expired":
			return (
				behaviour.type === "fail" &&
				specOf(handler, ledger)?.retries.maxAge !== undefined
			);
		case "non_retryable":
			return behaviour.type === "refuse";
		case "schema_violation":
			return (
				ledger.deploys.some(({ version }) => version.isStrict) &&
				!("visits" in (body as object))
			);
		case "unknown_handler":
			return wasAbsent(handler, ledger);
		case "crashed":
			return behaviour.type === "kill" || excuses.length >= CRASH_SLACK;
		case "abandoned":
			// With so many retries that the platform's own are used up first, or crashes at its last ten.
			return (
				(behaviour.type === "kill" && limit + 1 + CRASH_SLACK >= MAX_RETRIES) ||
				excuses.length >= MAX_RETRIES - CHAIN_TRIES
			);
		default:
			return false;
	}
}

/** Whether some deploy was without the handler for an hour, while clocks may be two minutes apart. */
function wasAbsent(handler: string, { deploys }: Ledger): boolean {
	let absentSince: number | undefined;
	for (const { at, version } of deploys) {
		const isThere = version.handlers.some(({ id }) => id === handler);
		if (absentSince !== undefined && at - absentSince > HOUR - 240_000)
			return true;
		absentSince = isThere ? undefined : (absentSince ?? at);
	}
	return absentSince !== undefined;
}
