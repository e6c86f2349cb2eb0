/** Judges one canary by its life in the journal: whether it has ended as it should, or why not. Pure. */
import type { EventLife } from "../journal/life.ts";
import type { CanaryName } from "./canary.ts";

/** `reason` says what is missing, or what went wrong. */
type Judgement =
	| { state: "passed" }
	| { state: "running" | "failed"; reason: string };

type Attempt = EventLife["deliveries"][number]["attempts"][number];

/** A cancelled canary that has not arrived by this time after it was due will not, in milliseconds. */
const CANCELLED_WAIT = 1_000;

const PASSED: Judgement = { state: "passed" };

function isConsumed(queue: string): string {
	return `does the queue for ${queue} have this Worker as its consumer?`;
}

/**
 * @param life undefined if the journal has no entry of the canary
 * @param now epoch milliseconds
 */
export function judge(
	name: CanaryName,
	life: EventLife | undefined,
	now: number,
): Judgement {
	const attempts = attemptsIn(life);
	const did = (type: string) => life?.actions.some((one) => one.type === type);
	const delivered = attempts.find(({ state }) => state === "delivered");
	const deaths = attempts.filter(({ state }) => state === "dead");
	const started = attempts.some(isMade);
	switch (name) {
		case "cancelled":
			if (started) return failed("it was delivered, although it was cancelled");
			return did("cancelled") && now >= (life?.dueAt ?? now) + CANCELLED_WAIT
				? PASSED
				: running("it must not arrive when it would have been due");
		case "dead":
			if (did("discarded")) return PASSED;
			break;
		case "replayed":
			if (deaths.length > 1) return failed(errorOf(deaths.at(-1)));
			if (did("replayed"))
				return delivered
					? PASSED
					: running(`no replay: ${isConsumed("retries")}`);
			break;
		default:
			if (delivered) return PASSED;
			if (deaths.length > 0) return failed(errorOf(deaths[0]));
	}
	if (deaths.length > 0)
		return running(`no dead letter: ${isConsumed("dead letters")}`);
	if (started) {
		const failure = name === "retried" ? "" : `${errorOf(attempts.at(-1))}; `;
		return running(`${failure}no second attempt: ${isConsumed("retries")}`);
	}
	if (name === "scheduled")
		return running("not handled: does npx tidings health report a lag?");
	const queue = name === "lane" ? "events of the lane" : "events";
	return running(`not handled: ${isConsumed(queue)}`);
}

export function attemptsIn(life: EventLife | undefined): Attempt[] {
	return life?.deliveries.flatMap(({ attempts }) => attempts) ?? [];
}

/** A wait for a Worker is no attempt. */
export function isMade({ startedAt }: Attempt): boolean {
	return startedAt !== undefined;
}

function errorOf(attempt: Attempt | undefined): string {
	return attempt?.error?.message ?? "it failed";
}

function running(reason: string): Judgement {
	return { state: "running", reason };
}

function failed(reason: string): Judgement {
	return { state: "failed", reason };
}
