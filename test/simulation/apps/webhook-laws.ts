/** The laws of webhooks: no accepted call is lost, and a repeated delivery is stored once. */
import type { DeadLetterRow } from "../dead-letters.ts";
import { APART } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import type { AppFaults } from "./app-faults.ts";
import type { JudgeApps } from "./app-laws.ts";
import type { HookCall } from "./app-ledger.ts";

/** A call may take this long, in milliseconds. */
const LONGEST_ANSWER = 4_000;

/** A reservation that a fault leaves behind lasts this long, in milliseconds. */
const RESERVATION = 15_000;

/** After a fault of another Worker, calls may be rejected for this long, in milliseconds. */
const AFTERMATH = 60_000;

/** The status of an event without subscribers. */
const CLOSED = 410;

/** How long the id of a delivery is stored, in milliseconds. */
const RETENTION = 24 * 3_600_000;

export function judgeWebhooks(
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
	faults: AppFaults,
	judge: JudgeApps,
): void {
	for (const calls of deliveriesIn(ledger)) {
		const [first] = calls as [HookCall];
		const { name, delivery } = first;
		const what = `${name} ${delivery}`;
		const handler = `${name}/handler`;
		const ids = [...new Set(calls.flatMap(({ id }) => id ?? []))];
		const dead = ids.filter((id) => isDead(deadLetters, `${id}:${handler}`));
		const succeeded = ledger.apps.triggerRuns.filter(
			(run) =>
				run.hasSucceeded && run.name === name && run.delivery === delivery,
		).length;
		judge(
			"webhook lost",
			succeeded + dead.length >= ids.length,
			`${what} was accepted as ${ids.length} events; ${succeeded} handlers succeeded and ${dead.length} are dead`,
		);
		const early = calls.filter(
			({ answeredAt }) =>
				Number(answeredAt) < first.askedAt + RETENTION - APART,
		);
		const earlyIds = new Set(early.flatMap(({ id }) => id ?? []));
		judge(
			"webhook repeated",
			earlyIds.size <= 1,
			`${what} is the events ${[...earlyIds].join(", ")} within a day`,
		);
		for (const call of calls) judgeAnswer(call, calls, faults, judge);
		let most = 0;
		let isExcused = calls.some(({ id }) => id === undefined);
		for (const id of ids) {
			const n = eventOf(subjectsOf(id)[0] ?? "-1");
			const taken = faults.taken.filter((one) => one.n === n);
			const last = Math.max(first.askedAt, ...taken.map(({ at }) => at));
			isExcused ||= faults.mayDisturb(name, n, first.askedAt, last);
			judge(
				"webhook repeated",
				taken.length <= 1 || isExcused,
				`${what} was stored ${taken.length} times as ${id}`,
			);
			const { lostTries, extraChains } = ledger.allowances.allowed(n, handler);
			most += Math.max(1, taken.length) + extraChains + lostTries;
			most += ledger.allowances.of(n, "").lostTries;
			most += ledger.replaysOf(n, handler).length;
			// The Worker of the app may have succeeded, and its report was late.
			most += timedOut(ledger, id, handler);
		}
		judge(
			"webhook repeated",
			succeeded <= most || isExcused,
			`the handler of ${what} succeeded ${succeeded} times, ${most} of which are explained`,
		);
	}
}

/** Checks that a call without a fault, and without another call of its delivery, is answered at once. */
function judgeAnswer(
	call: HookCall,
	calls: readonly HookCall[],
	faults: AppFaults,
	judge: JudgeApps,
): void {
	const { name, delivery, askedAt, status, answeredAt = Infinity } = call;
	const isAlone = calls.every(
		(other) =>
			other === call ||
			other.askedAt > answeredAt ||
			Number(other.answeredAt) < askedAt,
	);
	const isDisturbed = (since: number) =>
		faults.mayDisturb(name, -1, since, answeredAt);
	judge(
		"webhook late",
		answeredAt - askedAt <= LONGEST_ANSWER ||
			!isAlone ||
			isDisturbed(askedAt) ||
			faults.mayReserve(name, askedAt - RESERVATION, answeredAt),
		`${name} answered ${delivery} after ${answeredAt - askedAt} ms`,
	);
	judge(
		"webhook late",
		call.id !== undefined ||
			status === CLOSED ||
			isDisturbed(askedAt - AFTERMATH),
		`${name} answered ${delivery} with ${status}`,
	);
}

/** The calls of each delivery, in their order. */
function deliveriesIn({ apps }: Ledger): HookCall[][] {
	const byDelivery = Map.groupBy(
		apps.hookCalls,
		({ name, delivery }) => `${name} ${delivery}`,
	);
	return [...byDelivery.values()];
}

/** Whether a delivery has a dead letter, and no replay of it is in progress or has succeeded. */
export function isDead(
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
	id: string,
): boolean {
	const found = deadLetters.get(id);
	if (!found || found.state === "resolved") return false;
	return found.state !== "replaying" || found.is_sent === 0;
}

/** Number of attempts of an event's handler that ended because their time was over. */
function timedOut({ observed }: Ledger, id: string, handler: string): number {
	return observed.all.filter(
		({ transition }) =>
			transition.id === id &&
			(transition.type === "retrying" || transition.type === "dead") &&
			transition.handler === handler &&
			transition.error.name === "TimeoutError",
	).length;
}
