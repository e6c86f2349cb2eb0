/**
 * Runs alarms of the objects of Tidings that are due by the clock of the test: those of the scheduler, of jobs, and of
 * the events of apps. The other alarms only delete what has expired.
 */
import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { appEventName } from "../../apps/app-name.ts";
import type { Ports } from "../../ports.ts";
import { registrationOf } from "../../registration.ts";
import type { AnyEvents } from "../other-workers.ts";
import { sleep } from "./sleep.ts";

/** An alarm within these milliseconds counts as due now: the scheduler waits that long for more due rows. */
const PRESENT = 20;

interface Answer {
	/** Whether the object had an alarm that was due. */
	hasRun: boolean;
	/** When its next alarm is due, in epoch milliseconds; null without one. */
	nextAt: number | null;
}

export class Alarms {
	readonly #scheduler: Ports["scheduler"];
	readonly #appEvents: readonly string[];
	#objects: DurableObjectStub[] | undefined;

	/** @param workers the events of the owner and of the other Workers */
	constructor(scheduler: Ports["scheduler"], workers: readonly AnyEvents[]) {
		this.#scheduler = scheduler;
		this.#appEvents = workers
			.flatMap((events) => registrationOf(events).apps)
			.flatMap(({ declaration: { name, events } }) =>
				Object.keys(events).map((event) => appEventName(name, event)),
			);
	}

	/** Runs the alarms that are due. Returns whether there were any, and when the next one is due. */
	async runDue(): Promise<Answer> {
		this.#objects ??= await this.#find();
		const answers = await Promise.all(this.#objects.map(runDue));
		const next = answers.flatMap(({ nextAt }) => nextAt ?? []);
		return {
			hasRun: answers.some(({ hasRun }) => hasRun),
			nextAt: next.length > 0 ? Math.min(...next) : null,
		};
	}

	async #find(): Promise<DurableObjectStub[]> {
		const { Scheduler, Jobs, Subscriptions } = exports as unknown as Record<
			string,
			DurableObjectNamespace | undefined
		>;
		const shards = await this.#scheduler.figures();
		return [
			...shards.map((_, shard) => Scheduler?.getByName(`shard-${shard}`)),
			Jobs?.getByName("jobs"),
			...this.#appEvents.map((name) => Subscriptions?.getByName(name)),
		].filter((stub) => stub !== undefined);
	}
}

/** An object that has no alarm may be running it, because real time has made it due: then this waits for its end. */
function runDue(stub: DurableObjectStub): Promise<Answer> {
	return runInDurableObject(stub, async (object, { storage }) => {
		const at = await storage.getAlarm();
		if (at !== null && at > Date.now() + PRESENT)
			return { hasRun: false, nextAt: at };
		if (at !== null) {
			await sleep(at - Date.now());
			await storage.deleteAlarm();
		}
		await object.alarm?.();
		return { hasRun: at !== null, nextAt: await storage.getAlarm() };
	});
}
