/** The laws of fan-out: each subscriber of an event that was sent gets one delivery, which succeeds or is dead. */
import type { DeadLetterRow } from "../dead-letters.ts";
import type { Ledger } from "../ledger.ts";
import { START } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import type { JudgeApps } from "./app-laws.ts";
import type { KnownSubscription, Sent } from "./app-ledger.ts";
import { TOOL } from "./names.ts";
import { isDead } from "./webhook-laws.ts";

/** All retries of a tool end within this time, in milliseconds. */
const RETRIES = 3 * 3_600_000;

export function judgeSubscribers(
	{ apps }: Scenario,
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
	judge: JudgeApps,
): void {
	const closedAt = START + Number(apps?.closedAt);
	for (const sent of ledger.apps.sent) {
		const { id, name, token } = sent;
		if (id === undefined) continue;
		const subscriptions = Map.groupBy(
			ledger.apps.subscriptions.filter((one) => one.name === name),
			({ app }) => app,
		);
		for (const [app, own] of subscriptions) {
			const what = `${app}, subscriber of ${name} "${token}",`;
			const runs = ledger.apps.runsOf(name, app, token);
			const succeeded = runs.filter((run) => run.hasSucceeded).length;
			const handlers = own.map(handlerOf);
			judge(
				"subscriber missed",
				!own.some((one) => isOwed(one, sent, closedAt)) ||
					succeeded > 0 ||
					own.some((one) => isBuried(one, id, deadLetters)),
				`${what} ran ${runs.length} times, did not succeed and is not dead`,
			);
			const most = mostOf(id, handlers, ledger);
			judge(
				"subscriber repeated",
				succeeded <= most,
				`${what} succeeded ${succeeded} times, ${most} of which are explained`,
			);
		}
	}
}

function handlerOf({ app, id }: KnownSubscription): string {
	return `${app}/${TOOL}#${id}`;
}

/** Whether a delivery has a dead letter. If it was replayed after the subscription had ended, the replay is cancelled. */
function isBuried(
	subscription: KnownSubscription,
	event: string,
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
): boolean {
	const id = `${event}:${handlerOf(subscription)}`;
	const isResolved = deadLetters.get(id)?.state === "resolved";
	const hasEnded = subscription.endAskedAt !== undefined;
	return isDead(deadLetters, id) || (isResolved && hasEnded);
}

/** Whether the subscription existed when the event was sent, and for long enough after it. */
function isOwed(
	{ answeredAt, endAskedAt = Infinity }: KnownSubscription,
	{ askedAt }: Sent,
	closedAt: number,
): boolean {
	const isBefore = Number(answeredAt) <= askedAt;
	return isBefore && endAskedAt >= closedAt && askedAt + RETRIES < closedAt;
}

/** Returns how often the subscriptions of one app may succeed with an event. */
function mostOf(
	id: string,
	handlers: readonly string[],
	ledger: Ledger,
): number {
	const n = eventOf(subjectsOf(id)[0] ?? "-1");
	const { lostTries: whole } = ledger.allowances.of(n, "");
	return handlers.reduce((sum, handler) => {
		const allowed = ledger.allowances.allowed(n, handler);
		const { lostTries, midway, extraChains } = allowed;
		const replays = ledger.replaysOf(n, handler).length;
		return sum + extraChains + lostTries + midway + whole + replays;
	}, 1);
}
