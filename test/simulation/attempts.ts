/** The laws of attempts, checked by counting: the faults and replays must explain all chains, tries and bodies. */
import type { Allowed } from "./allowances.ts";
import { APART, type Judge } from "./invariants.ts";
import type { Entry, Ledger, Replay, Run } from "./ledger.ts";
import { limitOf, SPARE_TRIES, TIMEOUT, waitsAfter } from "./promises.ts";
import type { HandlerSpec, Scenario } from "./scenario.ts";
import { type Behaviour, behaviourOf, RETRY_AFTER } from "./versions.ts";

/** One event and handler: how it ran, and what explains that. */
export interface Delivery extends Allowed {
	entry: Entry;
	handler: string;
	retries: HandlerSpec["retries"];
	limit: number;
	runs: readonly Run[];
	replays: readonly Replay[];
	/** Most chains of attempts that faults and replays explain. */
	chains: number;
}

export function deliveryOf(
	entry: Entry,
	handler: string,
	ledger: Ledger,
): Delivery {
	const { deploys, allowances } = ledger;
	const retries =
		deploys
			.flatMap(({ version }) => version.handlers)
			.find(({ id }) => id === handler)?.retries ?? {};
	const replays = ledger.replaysOf(entry.n, handler);
	const allowed = allowances.allowed(entry.n, handler);
	return {
		...allowed,
		entry,
		handler,
		retries,
		limit: limitOf(retries),
		runs: entry.runs.get(handler) ?? [],
		replays,
		chains: 1 + allowed.extraChains + replays.length,
	};
}

export function judgeAttempts(
	delivery: Delivery,
	scenario: Scenario,
	judge: Judge,
): void {
	const { handler, limit, runs, chains, lostTries, midway } = delivery;
	const { n } = delivery.entry;
	judge(
		"too often",
		n,
		runs.length <= (limit + 1) * chains + lostTries,
		`${handler} ran ${runs.length} times with a limit of ${limit}, in ${chains} chains with ${lostTries} lost tries`,
	);
	const attempts = runs.map(({ attempt }) => attempt);
	const last = Math.max(...attempts);
	judge(
		"too often",
		n,
		last <= limit + 1 + SPARE_TRIES,
		`${handler} ran attempt ${last} with a limit of ${limit}`,
	);
	judge(
		"repeated",
		n,
		leastChains(attempts) <= chains,
		`${handler} ran attempts ${attempts.join(", ")}, in ${chains} chains at the most`,
	);
	const behaviour = behaviourOf(scenario, n, handler);
	// After a lost try, or in a duplicate, an attempt may have no previous run that it could have waited for.
	const explained = lostTries + midway;
	const skipped = unprepared(delivery, () => 0);
	judge(
		"skipped",
		n,
		skipped <= explained,
		`${handler} ran attempts ${attempts.join(", ")}: ${skipped} without the one before, ${explained} of which are explained`,
	);
	const margin = scenario.skewed > 0 ? APART : 1_000;
	const early = unprepared(
		delivery,
		(run) => waitAfter(run, behaviour, delivery) - margin,
	);
	judge(
		"early",
		n,
		early <= explained,
		`${handler} ran ${early} attempts before their wait was over, ${explained} of which are explained`,
	);
}

/**
 * Returns the fewest chains that can contain all runs, if attempts increase within a chain. This is the length of the
 * longest subsequence that never increases.
 */
function leastChains(attempts: readonly number[]): number {
	const longest: number[] = [];
	for (const [at, attempt] of attempts.entries()) {
		const before = longest.filter((_, i) => Number(attempts[i]) >= attempt);
		longest[at] = 1 + Math.max(0, ...before);
	}
	return Math.max(0, ...longest);
}

/**
 * Counts the runs of attempt 2 or later that match no run of the previous attempt. A match did not succeed, its wait
 * was over, and no other run has the same match.
 */
function unprepared(
	{ runs }: Delivery,
	waitAfter: (run: Run) => number,
): number {
	const later = runs.filter(({ attempt }) => attempt > 1);
	const numbers = new Set(later.map(({ attempt }) => attempt));
	let count = 0;
	for (const number of numbers) {
		const ready = runs
			.filter(
				({ attempt, end }) => attempt === number - 1 && end !== "succeeded",
			)
			.map((run) => run.at + waitAfter(run))
			.sort((a, b) => a - b);
		for (const { at } of later.filter(({ attempt }) => attempt === number))
			if (ready[0] !== undefined && ready[0] <= at) ready.shift();
			else count++;
	}
	return count;
}

/** Returns the shortest time from the start of this run to the start of the next attempt, in milliseconds. */
function waitAfter(
	{ attempt, end }: Run,
	behaviour: Behaviour,
	{ retries }: Delivery,
): number {
	const { shortest } = waitsAfter(attempt, retries);
	const isFailing = behaviour.type === "fail";
	if (end === "failed")
		return isFailing && behaviour.how === "retry after"
			? RETRY_AFTER
			: shortest;
	// The run is open. Its timeout expired, or its isolate died, which is a lost try.
	const isOverdue =
		isFailing && (behaviour.how === "hang" || behaviour.how === "late");
	return isOverdue ? TIMEOUT + shortest : 0;
}

/** Checks that each run received the published body, or that of a replay that was sent before the run. */
export function judgeBodies(delivery: Delivery, judge: Judge): void {
	const { entry, handler, runs } = delivery;
	const { n, body } = entry;
	for (const run of runs) {
		const edit = delivery.replays.find(({ edited }) => edited === run.body);
		const isKnown =
			run.body === body || (edit !== undefined && edit.askedAt <= run.at);
		judge("changed", n, isKnown, `${handler} was given another body`);
	}
	const from = editedFrom(delivery);
	const old = runs.filter((run) => run.at > from && run.body === body).length;
	const most = mostOld(delivery);
	judge(
		"changed",
		n,
		old <= most,
		`${handler} was given the body as published ${old} times after a replay that edited it`,
	);
}

/** Returns when a replay with an edited body was first answered; Infinity if none was. */
export function editedFrom({ replays }: Delivery): number {
	return Math.min(
		...replays.map(({ edited, answeredAt = Infinity }) =>
			edited === undefined ? Infinity : answeredAt,
		),
	);
}

/** Returns the most attempts after an edited replay that may still have the published body, from other chains. */
export function mostOld({
	replays,
	extraChains,
	limit,
	lostTries,
}: Delivery): number {
	const unedited = replays.filter(({ edited }) => edited === undefined);
	const chains = extraChains + unedited.length;
	return (chains === 0 ? 0 : (limit + 1) * chains) + lostTries;
}
