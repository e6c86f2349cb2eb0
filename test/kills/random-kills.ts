/** Kills at random moments while events are published without a pause. */
import { setTimeout as pause } from "node:timers/promises";
import type { Publish } from "./api.ts";
import type { Sums } from "./ledger.ts";
import { large, small } from "./scenario.ts";
import type { Site } from "./site.ts";
import { untilNone } from "./until.ts";

export interface RandomKills {
	published: number;
	kills: number;
	sums: Sums;
	faults: string[];
}

/** A number from [0, 1). */
type Random = () => number;

/** Concurrent callers, and the pause of each after an answer, in milliseconds. */
const CALLERS = 4;
const REST = 40;

/** A kill comes at most this long after the first acknowledgement since the last kill, in milliseconds. */
const LONGEST = 1_500;

/** Share of kills that come while the runtime starts. */
const DURING_START = 0.2;

/** Time within which an event must be acknowledged, in milliseconds. */
const ACKNOWLEDGEMENT = 30_000;

/** Time until all events must have ended, in milliseconds. A killed flush is retried after a minute. */
const SETTLE_TIME = 100_000;

export async function killAtRandom(
	kills: number,
	seed: number,
	site: Site,
	progress: (text: string) => void,
): Promise<RandomKills> {
	// Two sequences, because the number of events before a kill depends on the machine.
	const [moments, contents] = [seeded(seed), seeded(seed + 1)];
	let published = 0;
	let acknowledged = 0;
	let over = false;
	const callers = Array.from({ length: CALLERS }, async () => {
		while (!over) {
			const events = drawn(contents);
			published += events.length;
			const rest = await site.offer(events);
			acknowledged += events.length - rest.length;
			await pause(REST);
		}
	});
	for (let kill = 1; kill <= kills; kill++) {
		const before = acknowledged;
		const none = async () => (acknowledged > before ? [] : ["none"]);
		if (moments() >= DURING_START) await untilNone(none, ACKNOWLEDGEMENT);
		await pause(moments() * LONGEST);
		const spareParent = moments() < 0.5;
		await site.killAndRestart(spareParent);
		progress(
			`random kill ${kill} of ${kills}, ${acknowledged} events acknowledged`,
		);
	}
	over = true;
	await Promise.all(callers);
	const faults = await site.balanced(SETTLE_TIME);
	return { published, kills, sums: await site.sums(), faults };
}

function drawn(random: Random): Publish[] {
	const count = random() < 0.2 ? 10 : 1;
	return Array.from({ length: count }, () => {
		const name = random() < 0.1 ? "random.doomed" : "random";
		const after =
			random() < 0.7 ? 500 + Math.floor(random() * 4_500) : undefined;
		return random() < 0.05 ? large(name, after) : small(name, after);
	});
}

/** Mulberry32: the same numbers for the same seed. */
function seeded(seed: number): Random {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
