/** The laws of an app's event: it starts before its first trigger, polls while it runs, and stops after its last subscriber. */
import type { DeadLetterRow } from "../dead-letters.ts";
import { APART } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import type { Scenario } from "../scenario.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import { type AppFaults, objectOf } from "./app-faults.ts";
import type { JudgeApps } from "./app-laws.ts";
import type { LifecycleRun } from "./app-ledger.ts";
import { isDead } from "./webhook-laws.ts";

const MINUTE = 60_000;

/** The object records an outcome after the code has ended, in milliseconds. A call may answer 20 seconds late. */
const RECORDING = MINUTE;

/** A stop may begin this late after the last unsubscribe, in milliseconds. An attempt that is lost ends first. */
const LONGEST_WAIT = 5 * MINUTE;

/** A poll may come this late, in milliseconds. */
const LATE = 3 * MINUTE;

/** The trouble of a fault may last this long, in milliseconds. */
const TROUBLE = 20 * MINUTE;

/** A time in which an event runs, in epoch milliseconds. */
interface Span {
	from: number;
	to: number;
}

export function judgeLifecycle(
	name: string,
	scenario: Scenario,
	ledger: Ledger,
	faults: AppFaults,
	judge: JudgeApps,
): void {
	const runs = ledger.apps.lifecycleRuns.filter((run) => run.name === name);
	const begun = Math.min(...of("start").map(({ from }) => from));
	for (const { at, delivery = "a poll" } of ledger.apps.triggerRuns.filter(
		(run) => run.name === name,
	))
		judge(
			"not started",
			begun <= at,
			`${name} handled ${delivery} before start`,
		);
	for (const { app, isActive, answeredAt } of ledger.apps.subscriptions.filter(
		(one) => one.name === name,
	))
		judge(
			"not started",
			!isActive ||
				of("start").some(({ to = Infinity }) => to <= Number(answeredAt)),
			`${app} was told that ${name} is active, and start had not succeeded`,
		);
	const started = of("start").findLast(({ to }) => to !== undefined);
	const stopped = of("stop").findLast(({ to }) => to !== undefined);
	judge(
		"not stopped",
		!started || (stopped !== undefined && stopped.from >= Number(started.to)),
		`${name} has no subscribers, and its stop did not succeed after its last start`,
	);
	const left = Math.max(
		...ledger.apps.subscriptions
			.filter((one) => one.name === name)
			.map(({ endedAt = Infinity }) => endedAt),
	);
	const stop = of("stop").find(({ from }) => from >= Number(started?.to));
	judge(
		"not stopped",
		!stop || stop.from <= left + LONGEST_WAIT,
		`${name} began to stop ${Number(stop?.from) - left} ms after its last subscriber had left`,
	);
	// Clocks that differ by two minutes end an attempt before its code ends.
	if (scenario.skewed === 0) judgeOrder();
	judgeClosed();
	judgePolls(name, runs, scenario, faults, judge);

	function of(part: LifecycleRun["part"]): LifecycleRun[] {
		return runs.filter((run) => run.part === part);
	}

	/** Checks that no start or stop begins before the one before has ended. */
	function judgeOrder(): void {
		for (const [index, { part, from }] of runs.entries()) {
			const before = runs[index - 1];
			judge(
				"overlapped",
				!before || from >= (before.endedAt ?? before.from),
				`the ${part} of ${name} began while its ${before?.part} was running`,
			);
		}
	}

	/** Checks that a stopped event accepts no call of its webhook. */
	function judgeClosed(): void {
		for (const call of ledger.apps.hookCalls) {
			const { id, delivery, askedAt, answeredAt } = call;
			if (id === undefined || call.name !== name) continue;
			const last = runs.findLast(({ from }) => from < Number(answeredAt));
			const closed = last?.part === "stop" ? last.to : undefined;
			judge(
				"not stopped",
				closed === undefined ||
					closed + RECORDING >= askedAt ||
					faults.ofObject(name, closed - TROUBLE, askedAt) > 0,
				`${name} accepted ${delivery} after its stop`,
			);
		}
	}
}

function judgePolls(
	name: string,
	runs: readonly LifecycleRun[],
	{ apps, skewed }: Scenario,
	faults: AppFaults,
	judge: JudgeApps,
): void {
	const margin = skewed > 0 ? APART : 1_000;
	const every = Number(apps?.pollMinutes) * MINUTE;
	const object = objectOf(name);
	const polls = faults.taken.filter(
		({ by }) => by.split(" ~", 1)[0] === object,
	);
	const spans = spansOf(runs);
	for (const { at } of polls)
		judge(
			"polled",
			spans.some(({ from, to }) => from <= at && at <= to + RECORDING),
			`${name} was polled while it did not run`,
		);
	for (const { from, to } of spans) {
		const times = polls
			.filter(({ at }) => from <= at && at <= to)
			.map(({ at }) => at);
		for (const [index, at] of times.entries()) {
			const most = Math.floor((at - from + margin) / every);
			const extra = faults.ofObject(name, from, at);
			judge(
				"polled",
				index + 1 <= most + extra,
				`${name} was polled ${index + 1} times in ${at - from} ms, with an interval of ${every} ms`,
			);
		}
		const ends = [...times, to];
		for (const [index, end] of ends.entries()) {
			const begin = ends[index - 1] ?? from;
			const fault = faults.lastOfObject(name, begin - TROUBLE, end);
			judge(
				"polled",
				end - Math.max(begin, fault + TROUBLE) <= every + LATE + margin,
				`${name} was not polled for ${end - begin} ms, with an interval of ${every} ms`,
			);
		}
	}
}

/** The times from a successful start to the next start or stop. */
function spansOf(runs: readonly LifecycleRun[]): Span[] {
	return runs.flatMap(({ part, to }, index) =>
		part === "start" && to !== undefined
			? [{ from: to, to: runs[index + 1]?.from ?? Infinity }]
			: [],
	);
}

/** Checks that the handler of each poll has ended. */
export function judgePollEnds(
	name: string,
	ledger: Ledger,
	deadLetters: ReadonlyMap<string, DeadLetterRow>,
	faults: AppFaults,
	judge: JudgeApps,
): void {
	const polls = faults.taken.filter(
		({ by }) => by.split(" ~", 1)[0] === objectOf(name),
	);
	const sent = new Set(polls.map(({ n }) => n));
	const dead = [...deadLetters.keys()].filter(
		(id) =>
			id.endsWith(`:${name}/handler`) &&
			isDead(deadLetters, id) &&
			sent.has(eventOf(subjectsOf(id)[0] ?? "-1")),
	).length;
	const succeeded = ledger.apps.triggerRuns.filter(
		(run) =>
			run.hasSucceeded && run.name === name && run.delivery === undefined,
	).length;
	judge(
		"polled",
		succeeded + dead >= sent.size,
		`${name} was polled ${sent.size} times; ${succeeded} handlers succeeded and ${dead} are dead`,
	);
}
