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
	/** Chains of attempts that there may have been. */
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
	// Where a try was lost, or a copy came, an attempt has none before it that it could have waited for.
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

/** Of how many chains, each with ever later attempts, the runs are: the longest row in which none is later. */
function leastChains(attempts: readonly number[]): number {
	const longest: number[] = [];
	for (const [at, attempt] of attempts.entries()) {
		const before = longest.filter((_, i) => Number(attempts[i]) >= attempt);
		longest[at] = 1 + Math.max(0, ...before);
	}
	return Math.max(0, ...longest);
}

/** Runs of a later attempt that have no run of the one before to themselves, failed and waited for. */
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

/** The shortest that the next attempt has to wait, from the beginning of this one. */
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
	// Open: its time was over, or its isolate died in it, which is a lost try.
	const isOverdue =
		isFailing && (behaviour.how === "hang" || behaviour.how === "late");
	return isOverdue ? TIMEOUT + shortest : 0;
}

/** That each run was given the body as published, or of a replay that was sent before it. */
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

/** When a replay with another body was answered first. */
export function editedFrom({ replays }: Delivery): number {
	return Math.min(
		...replays.map(({ edited, answeredAt = Infinity }) =>
			edited === undefined ? Infinity : answeredAt,
		),
	);
}

/** Attempts after that which may still carry the body as published: of other chains, and of other replays. */
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
