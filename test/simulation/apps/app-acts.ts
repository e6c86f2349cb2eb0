/** Draws what happens to apps: who subscribes and when, calls of webhooks with their repetitions, and polls. */

import type { Fate } from "../../../src/testing/platform/fate.ts";
import { Dice } from "../dice.ts";
import type { Act, Deed, Storm } from "../scenario.ts";
import { nameOf, REMOTE, SOURCES, SUBSCRIBERS } from "./names.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export interface AppScenario {
	/** The interval between polls, in minutes. */
	pollMinutes: number;
	/** When the operator ends all subscriptions, in milliseconds from the start. */
	closedAt: number;
}

/** Share of the scenarios that have apps. */
const SHARE = 0.3;

/** Most polls of an event. */
const MOST_POLLS = 20;

/** After the last fault, all retries of a trigger and of its subscribers end within this time, in milliseconds. */
const REST = 6 * HOUR;

/** If all of these are down, a call can be stored nowhere, and no delivery either. */
const STORES = [
	"events",
	"events-2",
	"retries",
	"retries-2",
	...Array.from({ length: 5 }, (_, shard) => `Scheduler/shard-${shard}`),
].join();

/** Adds acts of apps. Returns undefined for a scenario without apps. */
export function drawApps(
	fate: Fate,
	hasPost: boolean,
	faults: ReadonlySet<string>,
	span: number,
	acts: Act[],
): Dice | undefined {
	const dice = new Dice(fate, "apps");
	if (!dice.chance(SHARE)) return undefined;
	const apps = SUBSCRIBERS.filter((app) => hasPost || !app.startsWith(REMOTE));
	const sources = SOURCES.filter(({ isRemote }) => hasPost || !isRemote);
	for (const source of sources) {
		const name = nameOf(source);
		const act = (at: number, deed: Deed) => acts.push({ at, ...deed });
		for (const app of apps.filter(() => dice.chance(0.8))) {
			const at = dice.between(0, span / 4);
			act(at, { do: "subscribe", name, app });
			if (!dice.chance(0.3)) continue;
			const leaves = dice.between(at, span);
			act(leaves, { do: "unsubscribe", name, app });
			if (dice.chance(0.6))
				act(dice.between(leaves, span), { do: "subscribe", name, app });
		}
		const most = faults.has("twice") ? 3 : 8;
		const last = dice.chance(0.15) ? span + 25 * HOUR : span;
		for (let count = dice.between(1, most); count > 0; count--) {
			const delivery = `${source.event}-${count}`;
			const at = dice.between(span / 10, span);
			act(at, { do: "hook", name, delivery });
			if (dice.chance(0.4))
				act(at + dice.between(0, 60), { do: "hook", name, delivery });
			if (dice.chance(0.4))
				act(dice.between(at, last), { do: "hook", name, delivery });
		}
	}
	if (faults.has("queue"))
		for (const { at } of acts.filter((act) => act.do === "hook"))
			if (dice.chance(0.3))
				acts.push({
					at: at + dice.between(-SECOND / 2, SECOND / 5),
					do: "outage",
					of: STORES,
					lasting: dice.between(SECOND, 6 * SECOND),
				});
	if (faults.has("storage"))
		acts.push({
			at: dice.between(0, span),
			do: "outage",
			of: "Subscriptions",
			lasting: dice.between(SECOND, 15 * MINUTE),
		});
	if (faults.has("evict"))
		for (const { app, event } of sources)
			acts.push({
				at: dice.between(0, span),
				do: "evict",
				object: `Subscriptions/${app}/${event}`,
				busy: dice.chance(0.5),
			});
	return dice;
}

/** Plans the end of all subscriptions after the first storm, and polls that are not too many until then. */
export function planApps(
	dice: Dice,
	[storm]: readonly Storm[],
	acts: readonly Act[],
): AppScenario {
	const calls = acts.map((act) => (act.do === "hook" ? act.at : 0));
	const closedAt = Math.max(storm?.to ?? 0, ...calls) + REST;
	const least = Math.ceil(closedAt / MOST_POLLS / MINUTE);
	return { closedAt, pollMinutes: Math.max(least, dice.pick([1, 7, 60])) };
}
