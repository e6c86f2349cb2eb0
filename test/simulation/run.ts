/** Runs a scenario on a simulated platform until nothing is left to do. */

import { Fate } from "../../src/testing/platform/fate.ts";
import { Platform } from "../../src/testing/platform/platform.ts";
import { AppCallers } from "./apps/app-callers.ts";
import { appsRun, LONGEST_STOP } from "./apps/app-laws.ts";
import { Callers } from "./callers.ts";
import { ROLLING, type Violation, violationsOf } from "./invariants.ts";
import { JOBS } from "./jobs/job-acts.ts";
import {
	JobLaws,
	judgeJobReplays,
	runningJobs,
	stoppedJobs,
} from "./jobs/job-laws.ts";
import { JournalLaws } from "./journal/journal-laws.ts";
import { judgeList } from "./journal/look-up.ts";
import { judgeRecords } from "./journal/record-laws.ts";
import { Ledger } from "./ledger.ts";
import { QUEUE_NAMES } from "./queues.ts";
import { LONGEST, undeletedRows } from "./retention.ts";
import { StoredRows } from "./rows.ts";
import { asleep, multiplied, shardsOf } from "./samples.ts";
import type { Act, Scenario } from "./scenario.ts";
import { deployOf, type ShopDeploy, shopOf } from "./shop.ts";

export interface Outcome {
	scenario: Scenario;
	ledger: Ledger;
	violations: Violation[];
	/** Faults at single calls, by the keys of their draws. */
	struck: readonly string[];
	/** Number of simulated steps. */
	steps: number;
}

/** Epoch milliseconds. */
export const START = Date.UTC(2027, 0, 1);

const MINUTE = 60_000;
const CRON = 5 * MINUTE;

/** A run with more steps counts as endless. */
const MOST_STEPS = 1_000_000;

/** Bytes of a database that is nearly full. */
const FULL = 9_500_000_000;

/** Steps between two checks of messages, rows and shards. */
const SAMPLE = 50;

/** @param only the faults at single calls that may occur, by the keys of an earlier run. Default: all. */
export async function run(
	scenario: Scenario,
	only?: ReadonlySet<string>,
): Promise<Outcome> {
	const { stackTraceLimit } = Error;
	// Stacks are stored, so their lengths have a part in a run. Failing handlers would also spend most time on them.
	Error.stackTraceLimit = 0;
	try {
		return await runWithoutStacks(scenario, only);
	} finally {
		Error.stackTraceLimit = stackTraceLimit;
	}
}

async function runWithoutStacks(
	scenario: Scenario,
	only: ReadonlySet<string> | undefined,
): Promise<Outcome> {
	const ledger = new Ledger();
	const fate = new Fate(scenario.seed, scenario.rates, only);
	const rows = new StoredRows();
	const journal = new JournalLaws(scenario, ledger);
	const jobs = new JobLaws();
	let deploy: ShopDeploy;
	let before: ShopDeploy | undefined;
	const platform = new Platform(
		{
			...shopOf(scenario.retention),
			skewed: scenario.skewed,
			committed(object) {
				rows.committed(object, platform.time.now);
				journal.committed(object, platform.time.now);
				jobs.committed(object);
			},
			deployed: () => runningDeploy("rolling"),
			services: {
				POST: { name: "post", deployed: () => runningDeploy("post").post },
			},
		},
		fate,
		START,
		(note) => ledger.record(note),
	);
	const { time } = platform;
	const callers = new Callers(platform, ledger, () => deploy);
	const appCallers = new AppCallers(platform, ledger.apps);
	install(scenario.version);

	const replayJobs = scenario.acts.filter(
		(act) => act.do === "job" && act.action === "replay",
	).length;
	let acts = scenario.acts.length;
	for (const act of scenario.acts)
		time.at(START + act.at, () => {
			acts--;
			perform(act);
		});
	const closedAt = START + (scenario.apps?.closedAt ?? 0);
	if (scenario.apps) time.at(closedAt, () => appCallers.close());
	// After the last faults no alarm is lost, so the watch may end.
	let watchedUntil = START;
	for (const { from, to } of scenario.storms) {
		watchedUntil = START + to + 4 * CRON;
		time.at(START + from, () => {
			fate.calm = false;
		});
		time.at(START + to, () => {
			fate.calm = true;
		});
		for (let at = START + from; at < watchedUntil; at += CRON)
			time.at(at, () => platform.tick());
	}

	// The calls of the last act.
	const actedAt =
		START + MINUTE + Math.max(...scenario.acts.map(({ at }) => at));

	let violations: Violation[] = [];
	let emptySince: number | undefined;
	await time.run(START + LONGEST, () => {
		if (time.steps % SAMPLE === 0)
			violations = [
				...rows.violations,
				...journal.violations,
				...callers.violations,
				...jobs.violations,
				...stoppedJobs(ledger, platform),
				...multiplied(ledger, platform),
				...asleep(ledger, platform),
			];
		if (violations.length > 0 || time.steps > MOST_STEPS) return true;
		if (acts > 0 || time.now <= Math.max(watchedUntil, closedAt, actedAt))
			return false;
		// The object sets a lost alarm again when it starts.
		if (runningJobs(platform).length > 0 && ledger.troubledAt.has(JOBS))
			callers.wakeJobs();
		const isRunning =
			runningJobs(platform).length > 0 ||
			appCallers.isBusy ||
			(appsRun(platform) && time.now < closedAt + LONGEST_STOP);
		if (isRunning || !isEmpty(platform)) {
			emptySince = undefined;
			return false;
		}
		// A call that never answers keeps its object busy. All others have ended after an hour.
		emptySince ??= time.now;
		return (
			shardsOf(platform).every(({ isIdle }) => isIdle) ||
			time.now > emptySince + 60 * MINUTE
		);
	});
	// Calls of the journal may outlive the last batch.
	if (violations.length === 0) await pass(MINUTE);
	if (scenario.journal !== false)
		callers.listEvents((lives) => {
			journal.violations.push(...judgeList(lives, journal.copy));
		});
	if (violations.length === 0) await pass(MINUTE);
	if (violations.length === 0)
		violations = [
			...rows.violations,
			...judged(),
			...judgeJobReplays(ledger, replayJobs),
			...journal.violations,
			...callers.violations,
			...jobs.violations,
			...judgeRecords(scenario, ledger, journal.copy),
		];
	if (violations.length === 0)
		violations = await undeletedRows(ledger, platform, pass);
	platform.close();
	return {
		scenario,
		ledger,
		violations,
		struck: fate.struck,
		steps: time.steps,
	};

	/** During a rolling deploy the old version runs too. */
	function runningDeploy(draw: string): ShopDeploy {
		return before && fate.next(draw) < 0.5 ? before : deploy;
	}

	function judged(): Violation[] {
		if (isEmpty(platform)) return violationsOf(scenario, ledger, platform);
		return [
			...asleep(ledger, platform),
			{
				rule: "restless",
				text: `not at rest after ${time.steps} steps: ${whatIsLeft(platform)}`,
			},
		];
	}

	async function pass(ms: number): Promise<void> {
		const most = time.steps + MOST_STEPS;
		await time.run(time.now + ms, () => time.steps > most);
	}

	function install(version: Scenario["version"]): void {
		before = deploy;
		deploy = deployOf(version, scenario, ledger, platform);
		ledger.deploys.push({ at: time.now, version });
		platform.note("deploy", version.handlers.map(({ id }) => id).join(), []);
		// The objects of the platform restart with the new variables.
		Object.assign(platform.env, deploy.vars);
		const young = deploy;
		time.after(ROLLING * fate.next("roll"), () => {
			if (deploy === young) before = undefined;
		});
		// A deploy restarts each object, at a different time.
		for (const object of platform.objects.values())
			time.after(ROLLING * fate.next(`restart ${object.name}`), () =>
				object.reset(),
			);
	}

	function fill(name: string, lasting: number): void {
		const [className = "", ...rest] = name.split("/");
		const { database } = platform.object(className, rest.join("/"));
		platform.note("filled", name, [], { lasting });
		const change = (bytes: number) => {
			database.ballast += bytes;
		};
		change(FULL);
		time.after(lasting, () => change(-FULL));
	}

	function loseBody(n: number): void {
		const id = ledger.entries.get(n)?.receipt?.id;
		const object = platform.objects.get(`Payloads/${id}`);
		if (!object) return;
		platform.note("body lost", object.name, [String(n)]);
		object.wipe();
	}

	function perform(act: Act): void {
		switch (act.do) {
			case "publish":
				callers.publish(act.events);
				break;
			case "cancel":
			case "reschedule":
			case "replay":
			case "discard":
				callers.move(act);
				break;
			case "replay all":
				callers.replayAll();
				break;
			case "deploy":
				install(act.version);
				break;
			case "set clocks":
				platform.note("clocks set", `by ${act.offset} ms`, []);
				platform.clockOffset = act.offset;
				break;
			case "outage":
				for (const name of act.of.split(","))
					platform.takeDown(name, act.lasting);
				break;
			case "evict": {
				const [className = "", ...name] = act.object.split("/");
				const object = platform.object(className, name.join("/"));
				if (act.busy) object.reset();
				else object.evict();
				break;
			}
			case "fill":
				fill(act.object, act.lasting);
				break;
			case "job":
				callers.startJob(act.action, act.q);
				break;
			case "look up":
				callers.lookUp(act.n);
				break;
			case "lose body":
				loseBody(act.n);
				break;
			case "kill workers":
				platform.killWorkers();
				break;
			case "garbage":
				platform.queue(act.queue).put(act.text);
				break;
			default:
				appCallers.perform(act);
		}
	}
}

/** Whether no message or row is left. Dead letters and large bodies may remain until they expire. */
function isEmpty(platform: Platform): boolean {
	return (
		QUEUE_NAMES.map((name) => platform.queue(name)).every(
			({ waiting, underWay }) => waiting.size === 0 && underWay.size === 0,
		) && shardsOf(platform).every(({ database }) => database.count() === 0)
	);
}

function whatIsLeft(platform: Platform): string {
	const queues = QUEUE_NAMES.map((name) => {
		const { waiting, underWay } = platform.queue(name);
		return `${waiting.size} messages and ${underWay.size} under way in ${name}`;
	});
	const rows = shardsOf(platform).map(
		({ name, database, alarm }) =>
			`${database.count()} rows in ${name}, its alarm ${alarm.at === null ? "not set" : `at ${new Date(alarm.at).toISOString()}`}`,
	);
	return [...queues, ...rows].join("; ");
}
