/** The laws of dead letters, checked on the stored rows: each has its whole event, and its cause is true. */
import { isDeepStrictEqual } from "node:util";
import { type Delivery, deliveryOf, editedFrom, mostOld } from "./attempts.ts";
import type { Judge } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import {
	CHAIN,
	maxAgeOf,
	QUEUE_RETRIES,
	SPARE_TRIES,
	waitsAfter,
} from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf, subjectsOf } from "./subjects.ts";
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

/** How far two clocks may be apart, in milliseconds, with what a rolling deploy and a consumer take on top. */
const LEEWAY = 600_000;

export function readLetters(platform: Platform): Map<string, Letter> {
	const { database } = platform.object("DeadLetters", "dead-letters");
	const rows = (database.has("dead_letter")
		? database.all("SELECT * FROM dead_letter")
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
	const n = eventOf(subjectsOf(letter.id)[0] ?? "-1");
	const entry = ledger.entries.get(n);
	if (!entry) {
		const isRaw = ["unreadable", "newer_version"].includes(cause);
		judge("letter", n, isRaw, `a letter of nobody: ${letter.id}, ${cause}`);
		return;
	}
	const { name } = JSON.parse(letter.head);
	judge("letter", n, name === entry.name, `its letter says ${name}`);
	const delivery = deliveryOf(entry, handler, ledger);
	const margin = scenario.skewed > 0 ? LEEWAY : 0;
	const isWhole =
		letter.status === "discarded" ||
		(letter.body !== null && isBodyOf(letter, delivery, margin));
	judge("letter", n, isWhole, `the letter for ${handler} has another body`);
	// A replay ends as any delivery does: its letter is dead again, or the handler has taken the event since.
	const diedAt = letter.last_failure_at - margin;
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
		isTrue(letter, delivery, scenario, ledger),
		`${handler} is dead as ${cause} after ${attempts} attempts, which is not so`,
	);
}

/** Whether it has the body as published, or of a replay; and of a replay once that has died. */
function isBodyOf(
	{ body, last_failure_at: diedAt }: Letter,
	delivery: Delivery,
	margin: number,
): boolean {
	const stored = JSON.parse(body as string);
	if (
		delivery.replays.some(
			({ edited }) => edited !== undefined && isDeepStrictEqual(stored, edited),
		)
	)
		return true;
	const isStale =
		diedAt - margin > editedFrom(delivery) && mostOld(delivery) === 0;
	return isDeepStrictEqual(stored, delivery.entry.body) && !isStale;
}

/** Whether what the letter says of its cause is so. */
function isTrue(
	{ cause, handler, attempts, last_failure_at: diedAt }: Letter,
	delivery: Delivery,
	scenario: Scenario,
	ledger: Ledger,
): boolean {
	const { entry, limit, lostTries, midway } = delivery;
	const behaviour = behaviourOf(scenario, entry.n, handler);
	// A copy counts the deliveries of the message that it was made of as its own.
	const lost = lostTries + midway;
	switch (cause) {
		case "exhausted":
			return (
				behaviour.type === "fail" &&
				behaviour.times > limit &&
				attempts > limit &&
				attempts <= limit + 1 + Math.min(lost, SPARE_TRIES)
			);
		case "expired":
			return (
				behaviour.type === "fail" && isOver(delivery, behaviour.how, attempts)
			);
		case "non_retryable":
			return behaviour.type === "refuse";
		case "schema_violation":
			return (
				ledger.deploys.some(({ version }) => version.isStrict) &&
				!("visits" in (entry.body as object))
			);
		case "unknown_handler":
			return wasAbsent(handler, diedAt, ledger);
		case "crashed":
			// A letter that nobody took costs its message another try.
			return lost > SPARE_TRIES && attempts > limit + SPARE_TRIES;
		case "abandoned": {
			// The last of a delivery's tries are those that its policy cannot use; of a whole event's all were lost.
			const whole = ledger.allowances.of(entry.n, "");
			return (
				lost >= QUEUE_RETRIES - CHAIN ||
				whole.lostTries + whole.fresh >= QUEUE_RETRIES
			);
		}
		default:
			return false;
	}
}

/** Whether the next attempt would have begun past the policy's `maxAge`, counted from the first run of all. */
function isOver(
	{ runs, retries }: Delivery,
	how: string,
	attempts: number,
): boolean {
	const wait =
		how === "retry after" ? RETRY_AFTER : waitsAfter(attempts, retries).longest;
	const [first, last] = [runs[0], runs.at(-1)];
	return (
		first !== undefined &&
		last !== undefined &&
		last.at + wait + LEEWAY > first.at + maxAgeOf(retries)
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
