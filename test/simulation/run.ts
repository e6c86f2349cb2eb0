/** One run: a scenario on a simulated platform from its start until nothing is left to do, and its ledger. */
import { Callers } from "./callers.ts";
import { violationsOf } from "./invariants.ts";
import { Ledger } from "./ledger.ts";
import { Fate } from "./platform/fate.ts";
import { Platform } from "./platform/platform.ts";
import { type Act, QUEUES, type Scenario, SHARDS } from "./scenario.ts";
import { deployOf, SHOP, type ShopDeploy } from "./shop.ts";

export interface Violation {
	rule: string;
	/** The event's number, where it is about one. */
	n?: number;
	text: string;
}

export interface Outcome {
	scenario: Scenario;
	ledger: Ledger;
	violations: Violation[];
	/** What went wrong at single calls, by the keys of their draws. */
	struck: readonly string[];
	steps: number;
}

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** After so long every wait is over. */
const LONGEST = 420 * DAY;

/** A run that takes more steps goes round in circles. */
const MOST_STEPS = 400_000;

/** @param only what may go wrong at single calls, by the keys of an earlier run */
export async function run(
	scenario: Scenario,
	only?: ReadonlySet<string>,
): Promise<Outcome> {
	const ledger = new Ledger();
	const fate = new Fate(scenario.seed, scenario.rates, only);
	let deploy: ShopDeploy;
	const platform = new Platform(
		{ ...SHOP, skewed: scenario.skewed, deployed: () => deploy },
		fate,
		START,
		(told) => ledger.hear(told),
	);
	const callers = new Callers(platform, ledger);
	const { time } = platform;
	const install = (version: Scenario["version"]) => {
		deploy = deployOf(version, scenario, ledger, platform);
		ledger.deploys.push({ at: time.now, version });
	};
	install(scenario.version);

	let waiting = scenario.acts.length;
	for (const act of scenario.acts)
		time.at(START + act.at, () => {
			waiting--;
			perform(act);
		});
	const calmAt = START + scenario.stormEnds;
	time.at(calmAt, () => calm());
	for (let at = START; at < calmAt + 20 * MINUTE; at += 5 * MINUTE)
		time.at(at, () => platform.tick());

	const violations: Violation[] = [];
	const isOver = () =>
		time.steps > MOST_STEPS ||
		(waiting === 0 && time.now > calmAt + 20 * MINUTE && isAtRest(platform));
	const rested = await time.run(START + LONGEST, isOver);
	if (!rested || time.steps > MOST_STEPS)
		violations.push({ rule: "rest", text: `not at rest after ${time.steps} steps: ${whatIsLeft(platform)}` });
	violations.push(...violationsOf(scenario, ledger, platform));
	// What is kept for a time is gone after it.
	await time.run(time.now + LONGEST, () => time.steps > 2 * MOST_STEPS);
	for (const [name, { database }] of platform.objects)
		if (database.count() > 0)
			violations.push({ rule: "growth", text: `${name} keeps ${database.count()} rows for ever` });
	platform.close();
	return { scenario, ledger, violations, struck: fate.struck, steps: time.steps };

	function calm(): void {
		fate.calm = true;
		platform.down.clear();
	}

	function perform(act: Act): void {
		switch (act.do) {
			case "publish":
				return callers.publish(act.events, deploy);
			case "cancel":
			case "reschedule":
			case "replay":
			case "discard":
				return callers.move(act, deploy);
			case "replay all":
				return callers.replayAll(deploy);
			case "deploy":
				platform.tell("deploy", act.version.handlers.map(({ id }) => id).join(" "), []);
				return install(act.version);
			case "set clocks":
				platform.tell("clocks set", `${act.offset} ms`, []);
				platform.clockOffset = act.offset;
				return;
			case "outage":
				if (fate.calm) return;
				platform.tell("outage begins", act.of, []);
				platform.down.add(act.of);
				time.after(act.lasting, () => platform.down.delete(act.of));
				return;
			case "evict": {
				const [className, name] = act.object.split("/") as [string, string];
				const object = platform.object(className, name);
				return act.busy ? object.reset() : object.evict();
			}
			case "garbage":
				platform.queue(act.queue).put(act.text);
		}
	}
}

/** Nothing waits and nothing is under way; letters, and bodies that are kept for a time, may be there. */
function isAtRest(platform: Platform): boolean {
	for (const name of QUEUES) {
		const { waiting, underWay } = platform.queue(name);
		if (waiting.size > 0 || underWay.size > 0) return false;
	}
	return shards(platform).every(
		({ database, isIdle }) => isIdle && database.count() === 0,
	);
}

function shards(platform: Platform) {
	return Array.from({ length: SHARDS }, (_, shard) =>
		platform.object("Scheduler", `shard-${shard}`),
	);
}

function whatIsLeft(platform: Platform): string {
	const queues = QUEUES.map((name) => {
		const { waiting, underWay } = platform.queue(name);
		return `${waiting.size} messages and ${underWay.size} under way in ${name}`;
	});
	const rows = shards(platform).map(
		({ name, database, alarm }) =>
			`${database.count()} rows in ${name}, alarm ${alarm ? new Date(alarm.at).toISOString() : "none"}`,
	);
	return [...queues, ...rows].join("; ");
}
