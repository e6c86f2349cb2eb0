/** The laws of dead letters: each has its whole event, and its cause is true. */
import { isDeepStrictEqual } from "node:util";
import type { Platform } from "../../src/testing/platform/platform.ts";
import { type Delivery, deliveryOf, editedFrom, mostOld } from "./attempts.ts";
import type { Judge } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import {
	CHAIN,
	CRASH_WAIT,
	maxAgeOf,
	QUEUE_RETRIES,
	SPARE_TRIES,
	waitsAfter,
} from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf, subjectsOf } from "./subjects.ts";
import { behaviourOf, RETRY_AFTER } from "./versions.ts";

/** A row of the dead-letter store. */
export interface DeadLetterRow {
	id: string;
	handler: string;
	cause: string;
	head: string;
	body: string | null;
	error: string;
	state: string;
	/** 1 if the message of the replay is known to be sent. */
	is_sent: number;
	attempts: number;
	last_failure_at: number;
}

const HOUR = 3_600_000;

/** Tolerance for different clocks, a rolling deploy and a slow consumer, in milliseconds. */
const LEEWAY = 600_000;

export function readDeadLetters(
	platform: Platform,
): Map<string, DeadLetterRow> {
	const { database } = platform.object("DeadLetters", "dead-letters");
	const rows = (database.has("dead_letter")
		? database.all("SELECT * FROM dead_letter")
		: []) as unknown as DeadLetterRow[];
	return new Map(rows.map((row) => [row.id, row]));
}

export function judgeDeadLetter(
	deadLetter: DeadLetterRow,
	scenario: Scenario,
	ledger: Ledger,
	judge: Judge,
): void {
	const { handler, cause, attempts } = deadLetter;
	const n = eventOf(subjectsOf(deadLetter.id)[0] ?? "-1");
	const entry = ledger.entries.get(n);
	if (!entry) {
		const isRaw = ["unreadable", "newer_version"].includes(cause);
		judge(
			"dead letter",
			n,
			isRaw,
			`a dead letter of an unknown event: ${deadLetter.id}, ${cause}`,
		);
		return;
	}
	const { name } = JSON.parse(deadLetter.head);
	judge("dead letter", n, name === entry.name, `its dead letter says ${name}`);
	const delivery = deliveryOf(entry, handler, ledger);
	const margin = scenario.skewed > 0 ? LEEWAY : 0;
	const isWhole =
		deadLetter.state === "discarded" ||
		(deadLetter.body === null
			? ledger.lostBodies.has(n)
			: isBodyOf(deadLetter, delivery, margin));
	judge(
		"dead letter",
		n,
		isWhole,
		`the dead letter for ${handler} has another body`,
	);
	const diedAt = deadLetter.last_failure_at - margin;
	const isTaken = (entry.runs.get(handler) ?? []).some(
		({ end, at }) => end === "succeeded" && at >= diedAt,
	);
	judge(
		"missing",
		n,
		// A claim that was never sent is dead again.
		deadLetter.state !== "replaying" || deadLetter.is_sent === 0,
		`${handler} was replayed, and the replay has not ended`,
	);
	judge(
		"dead letter",
		n,
		// A replay to all handlers of a Worker is resolved once each has a delivery of its own.
		deadLetter.state !== "resolved" || isTaken || handler.endsWith("/*"),
		`the dead letter for ${handler} is resolved, and the handler has not succeeded`,
	);
	const hasError = typeof JSON.parse(deadLetter.error).message === "string";
	judge(
		"dead letter",
		n,
		hasError,
		`the dead letter for ${handler} has no error`,
	);
	judge(
		"cause",
		n,
		isTrue(deadLetter, delivery, scenario, ledger),
		`${handler} is dead as ${cause} after ${attempts} attempts, which is wrong`,
	);
}

/** Whether the stored body is the published one or that of a replay. */
function isBodyOf(
	{ body, last_failure_at: diedAt }: DeadLetterRow,
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

/** Whether the cause of the dead letter is true. */
function isTrue(
	{ cause, handler, attempts, last_failure_at: diedAt }: DeadLetterRow,
	delivery: Delivery,
	scenario: Scenario,
	ledger: Ledger,
): boolean {
	const { entry, limit, lostTries, midway } = delivery;
	const behaviour = behaviourOf(scenario, entry.n, handler);
	// The attempts of a duplicate include the deliveries of its original message.
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
				(behaviour.type === "fail" &&
					isOver(delivery, behaviour.how, attempts)) ||
				(behaviour.type === "kill" && isOver(delivery, "crash", attempts))
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
		case "payload_missing":
			return Number(ledger.lostBodies.get(entry.n)) <= diedAt + LEEWAY;
		case "unreachable":
			return wasSilent(entry.n, handler, diedAt, ledger);
		case "crashed":
			// A dead letter that was not stored costs its message another try.
			return lost > SPARE_TRIES && attempts > limit + SPARE_TRIES;
		case "abandoned": {
			// A policy cannot use the last retries of a delivery's message. A whole event's message is abandoned only
			// if all of its tries were lost.
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

/** Whether the next attempt would start after the policy's `maxAge`, counted from the first run. */
function isOver(
	{ runs, retries }: Delivery,
	how: string,
	attempts: number,
): boolean {
	const wait =
		how === "retry after"
			? RETRY_AFTER
			: Math.max(CRASH_WAIT, waitsAfter(attempts, retries).longest);
	const [first, last] = [runs[0], runs.at(-1)];
	return (
		first !== undefined &&
		last !== undefined &&
		last.at + wait + LEEWAY > first.at + maxAgeOf(retries)
	);
}

/** Whether the deploys at the time of the dead letter, and an hour before, lacked the handler. */
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

/** Whether the delivery waited for its Worker for a day, and the Worker had a fault within the last pause. */
function wasSilent(
	n: number,
	handler: string,
	diedAt: number,
	{ notes }: Ledger,
): boolean {
	const since = notes.find(
		({ what, where, subjects, detail }) =>
			what === "waiting" &&
			where === handler &&
			eventOf(subjects[0] ?? "") === n &&
			(detail as { reason: string }).reason === "worker_unreachable",
	)?.at;
	const isFaulty = notes.some(
		({ what, where, at }) =>
			(what === "call failed" || what === "killed") &&
			where.startsWith("post") &&
			at > diedAt - LEEWAY &&
			at < diedAt + LEEWAY,
	);
	return since !== undefined && since < diedAt - 24 * HOUR + LEEWAY && isFaulty;
}
