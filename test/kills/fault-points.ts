/** One fault at a time: at each point that a run without faults passes, a throw and a kill, each on a state folder of its own. */
import { join } from "node:path";
import { call } from "./api.ts";
import type { Start } from "./runtime.ts";
import { play } from "./scenario.ts";
import { Site } from "./site.ts";

export interface Fault {
	/** The point's label. */
	label: string;
	fault: "throw" | "kill" | "kill with parent";
}

export interface Verdict extends Fault {
	faults: string[];
	seconds: number;
	/** What the Worker printed, where something is wrong. */
	log?: string;
}

/** A delivery may wait a minute after an outage, and so may a flush that crashed. */
const PATIENCE = 90_000;

/** A point may lie on a way that chance decides, such as which events share a batch. */
const TRIES = 3;

/** Rows and their alarm are written in one turn, both or neither: there is no moment between them to be killed in. */
const NO_MOMENT = "Scheduler stores > setAlarm:before";

/** Which faults to provoke at the points. */
export function faultsAt(
	labels: readonly string[],
	kinds: (index: number) => readonly Fault["fault"][],
): Fault[] {
	return labels.flatMap((label, index) =>
		(label === NO_MOMENT ? (["throw"] as const) : kinds(index)).map(
			(fault) => ({ label, fault }),
		),
	);
}

/** The labels of all points that the scenario passes, in order. @throws Error when it does not end well even so */
export async function record(folder: string, start: Start): Promise<string[]> {
	const site = new Site(folder, start, true);
	try {
		await site.open();
		await play(site);
		const faults = await site.balanced(PATIENCE);
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
	const begun = Date.now();
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
				seconds: (Date.now() - begun) / 1_000,
				...(faults?.length !== 0 && { log: site.log() }),
			};
		} finally {
			await site.close();
		}
	}
}

/** Undefined when the point was not passed. */
async function playWith(
	{ label, fault }: Fault,
	site: Site,
): Promise<string[] | undefined> {
	// Where it does not start again, whoever asks for its URL hears of it.
	site.ledger.onKill = () => void site.killAndRestart().catch(() => {});
	const armed = { label, fault: fault === "throw" ? "throw" : "kill" };
	await call(await site.url(), "POST", "/arm", armed);
	await play(site);
	// A row without its alarm, refused to its caller, is what the cron trigger is for; nothing else may need it.
	if (fault === "throw" && label.startsWith("Scheduler stores > setAlarm"))
		await call(await site.url(), "POST", "/cron");
	const faults = await site.balanced(PATIENCE);
	const isHit =
		fault === "throw" ? !(await passed(site)).armed : site.kills > 0;
	return isHit ? faults : undefined;
}

async function passed(site: Site) {
	const response = await call(await site.url(), "GET", "/passed");
	return (await response.json()) as { seen: string[]; armed: boolean };
}
