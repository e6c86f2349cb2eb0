/** The laws of jobs, at each commit of their object and at the end: progress never goes back, and each job ends. */

import type { SimulatedObject } from "../../../src/testing/platform/object.ts";
import type { Platform } from "../../../src/testing/platform/platform.ts";
import type { Violation } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import { JOBS } from "./job-acts.ts";

interface Row {
	id: string;
	action: string;
	state: string;
	done: number;
	ended_at: number | null;
}

export class JobLaws {
	readonly violations: Violation[] = [];
	readonly #before = new Map<string, Row>();

	committed({ name, database }: SimulatedObject): void {
		if (name !== JOBS || !database.has("job")) return;
		const rows = database.all("SELECT * FROM job") as unknown as Row[];
		for (const row of rows) {
			const before = this.#before.get(row.id);
			this.#before.set(row.id, row);
			if (!before) continue;
			const isEnded = before.state !== "running";
			if (row.done < before.done)
				this.#found(`${row.id} went back from ${before.done} to ${row.done}`);
			if (isEnded && row.state !== before.state)
				this.#found(`${row.id} was ${before.state}, and is ${row.state}`);
			if ((row.state === "running") !== (row.ended_at === null))
				this.#found(`${row.id} is ${row.state} and ended at ${row.ended_at}`);
		}
	}

	#found(text: string): void {
		this.violations.push({ rule: "job", text: `the job ${text}` });
	}
}

/** Faults that explain one more replay of a dead letter by a job: its claim or its send was not confirmed. */
const FAULTS = new Set([
	"killed",
	"call failed",
	"call lost",
	"unanswered",
	"storage_failed",
	"crash_before",
	"crash_after",
	"lied",
	"hung_after",
	"reset",
]);

/** Checks that jobs replayed each dead letter once, unless a fault left a claim that was not confirmed. */
export function judgeJobReplays(
	{ jobReplays, notes }: Ledger,
	jobs: number,
): Violation[] {
	return [...jobReplays].flatMap(([subject, replays]): Violation[] => {
		if (replays.length <= jobs) return [];
		const faults = notes.filter(
			({ what, subjects }) => FAULTS.has(what) && subjects.includes(subject),
		).length;
		if (replays.length <= jobs + faults) return [];
		const text = `${jobs} jobs replayed ${subject} ${replays.length} times, and ${faults} faults are about it`;
		return [{ rule: "job", text }];
	});
}

export function runningJobs(platform: Platform): string[] {
	const { database } = platform.objects.get(JOBS) ?? {};
	if (!database?.has("job")) return [];
	return database
		.all("SELECT id FROM job WHERE state = 'running'")
		.map(({ id }) => String(id));
}

/** A job that runs has an alarm, unless a fault lost it. The object sets it again when it starts. */
export function stoppedJobs(ledger: Ledger, platform: Platform): Violation[] {
	const object = platform.objects.get(JOBS);
	const running = runningJobs(platform);
	if (!object || running.length === 0 || !object.isIdle) return [];
	if (object.alarm.at !== null || ledger.troubledAt.has(JOBS)) return [];
	const text = `the jobs ${running.join(", ")} run, and their object has no alarm`;
	return [{ rule: "job", text }];
}
