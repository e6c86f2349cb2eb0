/** The laws of recording, after a run: nothing is absent without a fault, and the counts are those of the entries. */
import type { Counts } from "../../../src/journal/counters.ts";
import type { Step } from "../../../src/journal/entry.ts";
import { Instance } from "../../../src/testing/platform/instance.ts";
import type { Work } from "../../../src/testing/platform/isolate.ts";
import type { Rule, Violation } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import type { Scenario } from "../scenario.ts";
import { type CopiedEntry, JOURNAL, type JournalCopy } from "./journal-copy.ts";
import { keyOf, type Observation } from "./observed.ts";

/** A fault of the journal may explain a call that began this long before, in milliseconds. */
const CALL = 60_000;

/** Transitions that the journal records when a caller causes them. */
const OF_CALLERS: ReadonlySet<string> = new Set([
	"scheduled",
	"rescheduled",
	"cancelled",
	"replayed",
	"discarded",
]);

/** Transitions that the journal does not record: one would cost a call for each event. */
const NEVER: ReadonlySet<string> = new Set(["published", "queued"]);

export function judgeRecords(
	scenario: Scenario,
	ledger: Ledger,
	copy: JournalCopy,
): Violation[] {
	const found: Violation[] = [];
	const judge = (rule: Rule, holds: boolean, text: string) => {
		if (!holds) found.push({ rule, text });
	};
	if (scenario.journal === false) {
		judge("untrue", copy.entries.length === 0, "the journal is off");
		return found;
	}
	const shown = new Map<string, number>();
	for (const key of copy.entries.flatMap(keysOf))
		shown.set(key, (shown.get(key) ?? 0) + 1);
	const faults = new JournalFaults(ledger);
	const byWork = Map.groupBy(ledger.observed.all, ({ work }) => work);
	for (const [work, observations] of byWork) {
		if (!work) continue;
		const expected = recordable(observations, work, scenario);
		if (expected.length === 0 || faults.explains(work, expected)) continue;
		for (const { key } of expected) {
			const left = shown.get(key) ?? 0;
			judge("unrecorded", left > 0, `the journal lacks ${key}`);
			shown.set(key, left - 1);
		}
	}
	judgeCounts(scenario, ledger, copy, judge);
	return found;
}

/** What the journal must have of the transitions of a batch or a call. */
function recordable(
	observations: readonly Observation[],
	work: Work,
	{ journal }: Scenario,
): Observation[] {
	const isBatch = work.queue !== undefined;
	const all = observations.filter(({ transition: { type } }) =>
		isBatch ? !NEVER.has(type) : OF_CALLERS.has(type),
	);
	const { record = "all" } = Object(journal) as { record?: string };
	if (record === "all") return all;
	const failed = all.filter(({ transition: { type } }) =>
		["retrying", "dead"].includes(type),
	);
	const ids = new Set(failed.map(({ transition }) => transition.id));
	return all.filter(({ transition }) => ids.has(transition.id));
}

class JournalFaults {
	/** Times of faults of the journal's object and of calls to it. */
	readonly #times: number[];
	readonly #killed: ReadonlySet<string>;

	constructor({ notes }: Ledger) {
		this.#times = notes
			.filter(({ where }) => where.startsWith("Journal"))
			.map(({ at }) => at);
		this.#killed = new Set(
			notes.filter(({ what }) => what === "killed").map(({ where }) => where),
		);
	}

	/** Whether a fault explains that the transitions of a batch or a call are absent. */
	explains(work: Work, observations: readonly Observation[]): boolean {
		const [first] = observations as readonly [Observation];
		const { isolate } = work;
		// A death before the call, or after it.
		if (this.#killed.has(isolate.label)) return true;
		const calls = work.calls.filter(({ name }) => name.startsWith(JOURNAL));
		const last = Math.max(...observations.map(({ at }) => at));
		const isFaulty = this.#times.some(
			(at) => at >= first.at && at <= last + CALL,
		);
		// An object forgets its answered calls.
		if (isolate instanceof Instance) return isFaulty;
		const isDone = calls.every((call) => call.isDone);
		return calls.length > 0 && !isDone && isFaulty;
	}
}

/** All entries of a commit are counted with it. With `record: "failures"` others are counted, too. */
function judgeCounts(
	scenario: Scenario,
	{ observed, notes }: Ledger,
	copy: JournalCopy,
	judge: (rule: Rule, holds: boolean, text: string) => void,
): void {
	const counted = new Map<string, number>();
	for (const counts of copy.counts()) addCounts(counted, counts);
	const recorded = tally(copy.entries.flatMap(({ entry }) => entry.steps));
	const happened = tally(observed.all.map(({ transition }) => transition));
	const { record = "all" } = Object(scenario.journal) as { record?: string };
	const names = new Set([...counted.keys(), ...recorded.keys()]);
	names.delete("missed");
	for (const name of names) {
		const [count, least, most] = [counted, recorded, happened].map(
			(one) => one.get(name) ?? 0,
		) as [number, number, number];
		const holds =
			record === "all" ? count === least : count >= least && count <= most;
		judge(
			"miscounted",
			holds,
			`${count} ${name} are counted, ${least} are recorded, ${most} happened`,
		);
	}
	const failed = notes.filter(
		({ what, where }) => what === "call failed" && where.startsWith(JOURNAL),
	);
	const missed = counted.get("missed") ?? 0;
	// A call that was performed and failed may have counted those that were missed before. They are counted again.
	const isCertain = notes.every(
		({ what, where }) => !where.startsWith("Journal") || CERTAIN.has(what),
	);
	judge(
		"miscounted",
		missed <= failed.length || !isCertain,
		`${missed} failed calls are counted, and ${failed.length} failed`,
	);
}

/** Faults after which the journal has nothing of the call. */
const CERTAIN: ReadonlySet<string> = new Set([
	"call failed",
	"refused",
	"hung_before",
	"slow",
	"down",
	"outage",
]);

function addCounts(sum: Map<string, number>, counts: Counts): void {
	const add = (name: string, count: number) =>
		sum.set(name, (sum.get(name) ?? 0) + count);
	for (const [type, count] of Object.entries(counts.events)) add(type, count);
	for (const [handler, { durations, ...types }] of Object.entries(
		counts.handlers,
	)) {
		for (const [type, count] of Object.entries(types))
			if (count > 0) add(`${type} ${handler}`, count);
		const timed = durations.reduce((all, count) => all + count, 0);
		if (timed > 0) add(`timed ${handler}`, timed);
	}
}

/** Counts steps under the names that the counts of minutes have. */
function tally(
	steps: readonly (Step & { startedAt?: number })[],
): Map<string, number> {
	const sum = new Map<string, number>();
	const add = (name: string) => sum.set(name, (sum.get(name) ?? 0) + 1);
	for (const step of steps)
		switch (step.type) {
			case "delivered":
			case "retrying":
			case "dead":
				add(`${step.type} ${step.handler}`);
				if (step.startedAt !== undefined) add(`timed ${step.handler}`);
				break;
			case "waiting":
			case "split":
			case "replayed":
			case "discarded":
				break;
			default:
				add(step.type);
		}
	return sum;
}

function keysOf({ entry: { id, steps } }: CopiedEntry): string[] {
	return steps.map((step) => keyOf(id, step));
}
