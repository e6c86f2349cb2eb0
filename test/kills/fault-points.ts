/** Provokes single faults: at each point that a run without faults passes, a throw or a kill, on a new state folder. */
import { join } from "node:path";
import { call } from "./api.ts";
import type { Start } from "./runtime.ts";
import { play } from "./scenario.ts";
import { Site } from "./site.ts";

export interface Fault {
	/** Label of the point. */
	label: string;
	fault: "throw" | "kill" | "kill with parent";
}

export interface Verdict extends Fault {
	faults: string[];
	seconds: number;
	/** Output of the Worker, if something is wrong. */
	log?: string;
}

/** Time until all events must have ended, in milliseconds. A failed read or flush is retried after a minute. */
const SETTLE_TIME = 90_000;

/** Chance decides whether a run passes some points, for example which events share a batch. */
const TRIES = 3;

/** Rows and their alarm are written in one tick, so a kill between them is impossible. */
const UNKILLABLE = "Scheduler stores > setAlarm:before";

/** Returns the faults to provoke. */
export function faultsAt(
	labels: readonly string[],
	kinds: (index: number) => readonly Fault["fault"][],
): Fault[] {
	return labels.flatMap((label, index) =>
		(label === UNKILLABLE ? (["throw"] as const) : kinds(index)).map(
			(fault) => ({ label, fault }),
		),
	);
}

/** Returns the labels of all points that the scenario passes, in order. @throws Error if events are lost without a fault */
export async function record(folder: string, start: Start): Promise<string[]> {
	const site = new Site(folder, start, true);
	try {
		await site.open();
		await play(site);
		const faults = await site.balanced(SETTLE_TIME);
		if (faults.length > 0)
			throw new Error(
				`without any fault:\n${faults.join("\n")}\n${site.log()}`,
			);
		return (await passed(site)).seen;
	} finally {
		await site.close();
	}
}

/** Plays the scenario with one fault. */
export async function provoke(
	fault: Fault,
	folder: string,
	start: Start,
): Promise<Verdict> {
	const startedAt = Date.now();
	for (let tries = 1; ; tries++) {
		const site = new Site(join(folder, String(tries)), start, true);
		try {
			await site.open();
			const faults = await playWith(fault, site).catch((error) => [
				String(error),
			]);
			if (faults === undefined && tries < TRIES) continue;
			return {
				...fault,
				faults: faults ?? ["the point was not passed"],
				seconds: (Date.now() - startedAt) / 1_000,
				...(faults?.length !== 0 && { log: site.log() }),
			};
		} finally {
			await site.close();
		}
	}
}

/** Returns undefined if the point was not passed. */
async function playWith(
	{ label, fault }: Fault,
	site: Site,
): Promise<string[] | undefined> {
	// If the restart fails, the next call of `url()` rejects.
	site.ledger.onKill = () => void site.killAndRestart().catch(() => {});
	const armed = { label, fault: fault === "throw" ? "throw" : "kill" };
	await call(await site.url(), "POST", "/arm", armed);
	await play(site);
	// Only a row without an alarm, whose caller got an error, may need the cron trigger.
	if (fault === "throw" && label.startsWith("Scheduler stores > setAlarm"))
		await call(await site.url(), "POST", "/cron");
	const faults = await site.balanced(SETTLE_TIME);
	const isHit =
		fault === "throw" ? !(await passed(site)).armed : site.kills > 0;
	return isHit ? faults : undefined;
}

async function passed(site: Site) {
	const response = await call(await site.url(), "GET", "/passed");
	return (await response.json()) as { seen: string[]; armed: boolean };
}
