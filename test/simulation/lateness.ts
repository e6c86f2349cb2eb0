/**
 * The law of lateness: an event or a retry may start three minutes after its time. Each further minute must lie in the
 * trouble of a fault that concerns it. `troubles.ts` says how long the trouble of each fault may last.
 */
import { deliveryOf } from "./attempts.ts";
import { APART, type Judge } from "./invariants.ts";
import type { Entry, Ledger, Run } from "./ledger.ts";
import { CRASH_WAIT, TIMEOUT, waitsAfter } from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf } from "./subjects.ts";
import { type Trouble, Troubles } from "./troubles.ts";
import { behaviourOf, RETRY_AFTER } from "./versions.ts";

/** Other events come first, in milliseconds. */
const LATE = 3 * 60_000;

export function judgeLateness(
	scenario: Scenario,
	ledger: Ledger,
	judge: Judge,
): void {
	const troubles = new Troubles(scenario, ledger);
	const ends = endsOf(ledger);
	const most = LATE + (scenario.skewed > 0 ? APART : 0);
	for (const entry of ledger.entries.values()) {
		const { n, receipt, runs } = entry;
		if (!receipt) continue;
		const isOnTime = (handler: string, dueAt: number, at: number) =>
			uncovered(dueAt, at, troubles.of(entry, handler)) <= most;
		for (const handler of runs.keys()) {
			const first = firstOf(entry, handler, ends);
			const late = first - entry.latestDueAt;
			judge(
				"late",
				n,
				late <= most || isOnTime(handler, entry.latestDueAt, first),
				`${handler} started ${late} ms late`,
			);
			// With several chains it is not known which one goes on.
			if (deliveryOf(entry, handler, ledger).chains > 1) continue;
			for (const run of runs.get(handler) ?? []) {
				const dueAt =
					run.at + longestWait(run, entry, handler, scenario, ledger);
				const next = nextAfter(run, entry, handler, ends);
				judge(
					"late",
					n,
					next === undefined ||
						next - dueAt <= most ||
						isOnTime(handler, dueAt, next),
					`attempt ${run.attempt} of ${handler} was followed ${Number(next) - dueAt} ms late`,
				);
			}
		}
	}
}

/** When deliveries died, by `n:handler`. */
function endsOf({ notes }: Ledger): ReadonlyMap<string, number[]> {
	const ends = new Map<string, number[]>();
	for (const { what, where, subjects, at } of notes) {
		if (what !== "dead") continue;
		const key = `${eventOf(subjects[0] ?? "-1")}:${where}`;
		ends.set(key, [...(ends.get(key) ?? []), at]);
	}
	return ends;
}

/** Returns the longest time from the start of a run to the start of the next one, or to its dead letter. */
function longestWait(
	{ attempt, end }: Run,
	{ n }: Entry,
	handler: string,
	scenario: Scenario,
	ledger: Ledger,
): number {
	const entry = ledger.entries.get(n) as Entry;
	const { retries } = deliveryOf(entry, handler, ledger);
	const behaviour = behaviourOf(scenario, n, handler);
	const asked =
		behaviour.type === "fail" && behaviour.how === "retry after"
			? RETRY_AFTER
			: 0;
	const { longest } = waitsAfter(attempt, retries);
	const wait = asked > 0 ? asked : longest;
	return end === "open" ? TIMEOUT + Math.max(wait, CRASH_WAIT) : wait + 1_000;
}

/** Returns when a handler first ran, or its delivery died before. */
function firstOf(
	{ n, runs }: Entry,
	handler: string,
	ends: ReadonlyMap<string, number[]>,
): number {
	const ran = (runs.get(handler) ?? []).map(({ at }) => at);
	return Math.min(...ran, ...(ends.get(`${n}:${handler}`) ?? []));
}

/** Returns when the delivery of a failed run went on. Undefined if it succeeded, or did not go on. */
function nextAfter(
	{ at, attempt, end }: Run,
	{ n, runs }: Entry,
	handler: string,
	ends: ReadonlyMap<string, number[]>,
): number | undefined {
	if (end === "succeeded") return undefined;
	const later = (runs.get(handler) ?? [])
		.filter((run) => run.at > at && run.attempt > attempt)
		.map((run) => run.at);
	const dead = (ends.get(`${n}:${handler}`) ?? []).filter(
		(diedAt) => diedAt > at,
	);
	const all = [...later, ...dead];
	return all.length > 0 ? Math.min(...all) : undefined;
}

/** Returns the time between two times that lies in no trouble, in milliseconds. */
function uncovered(
	from: number,
	to: number,
	troubles: readonly Trouble[],
): number {
	let free = 0;
	let at = from;
	for (const trouble of [...troubles].sort((a, b) => a.from - b.from)) {
		if (trouble.from >= to) break;
		free += Math.max(0, trouble.from - at);
		at = Math.max(at, trouble.to);
	}
	return free + Math.max(0, to - at);
}
