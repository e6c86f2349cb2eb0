/**
 * Measures whether events are handled in time, and names what is not. It also sets missing alarms of the scheduler. It
 * must not answer requests; `entrypoints/http/health.ts` does.
 */
import { unclaimedQueue } from "../consume/unclaimed.ts";
import type { DeadLetterState } from "../event/dead-letter.ts";
import type { ShardFigures } from "../event/scheduled-row.ts";
import { sumOf } from "../platform/activity.ts";
import { log } from "../platform/log.ts";
import { inTime } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import {
	type Figures,
	lagOf,
	type Problem,
	problemsIn,
	type QueueFigures,
} from "./problems.ts";

/** Times are in epoch milliseconds, durations in milliseconds. */
export interface Health {
	/** `failing` if there are problems. */
	status: "ok" | "failing";
	problems: Problem[];
	/** By the queue's place in `TIDINGS_QUEUES`: `events`, `events 2`, `bulk`, `bulk retries`. */
	queues: Record<string, QueueFigures>;
	/** Absent if it does not answer. */
	scheduler?: SchedulerFigures;
	/** Number of dead letters by state. At most 10 000 of each are counted. Absent if their store does not answer. */
	deadLetters?: Record<DeadLetterState, number>;
}

interface SchedulerFigures {
	/** How long the earliest row is overdue. 0 if none is. */
	lag: number;
	/** Scheduled events. At most 10 000 are counted in each shard. */
	scheduled: number;
	/** Deliveries that wait for a retry, a handler or a Worker. At most 10 000 are counted in each shard. */
	waiting: number;
	/** Alarms that ran, rows written and records sent in the last hour, since each shard was last started. */
	lastHour: ShardFigures["lastHour"];
}

/** Time limit of each call, in milliseconds. */
const CALL_TIME = 3_000;

type HealthPorts = Pick<
	Ports,
	| "queues"
	| "scheduler"
	| "deadLetters"
	| "payloads"
	| "workers"
	| "clock"
	| "timer"
>;

/**
 * Measures all queues, objects and Workers, within 6 seconds. Never throws: what does not answer in 3 seconds is a
 * problem.
 *
 * @param names of the queues that the configuration names
 * @param retention how long the queues store a message, in milliseconds
 */
export async function measureHealth(
	names: readonly string[],
	retention: number,
	ports: HealthPorts,
): Promise<Health> {
	const now = ports.clock();
	const figures = await measure(now, ports);
	const problems = problemsIn(figures, names, retention, now);
	const { queues, shards, deadLetters } = figures;
	return {
		status: problems.length > 0 ? "failing" : "ok",
		problems,
		queues,
		...(shards && { scheduler: schedulerFigures(shards, now) }),
		...(deadLetters && { deadLetters }),
	};
}

/** Makes all calls at once, each with its own time limit: one that hangs must not hide the others. */
async function measure(now: number, ports: HealthPorts): Promise<Figures> {
	const { queues, scheduler, deadLetters, workers, timer } = ports;
	const silent: string[] = [];
	const silentWorkers: string[] = [];
	const ask = async <Answer>(
		name: string,
		call: () => Promise<Answer>,
		names = silent,
	) => {
		try {
			return await inTime(call(), CALL_TIME, timer);
		} catch (error) {
			log("health_call_failed", { store: name, error });
			names.push(name);
			return undefined;
		}
	};
	const others = workers.all.filter(({ key }) => key !== "");
	const [ofQueues, shards, counts, unclaimed] = await Promise.all([
		Promise.all(
			queues.all().map(async ({ label, queue }) => {
				const metrics = await ask(`queue ${label}`, () => queue.metrics());
				return metrics ? ([label, figuresOf(metrics, now)] as const) : [];
			}),
		),
		ask("scheduler", () => scheduler.figures()),
		ask("dead letters", () => deadLetters.counts()),
		ask("payloads", () => unclaimedQueue(ports)),
		...others.map((worker) =>
			ask(worker.key, () => answerOf(worker), silentWorkers),
		),
	]);
	// A Worker that has not answered is reported already.
	const routes = await inTime(
		workers.routesWithoutHandler(),
		CALL_TIME,
		timer,
	).catch(() => []);
	return {
		queues: Object.fromEntries(ofQueues.filter((one) => one.length > 0)),
		...(shards && { shards }),
		...(counts && { deadLetters: counts }),
		...(unclaimed !== undefined && { unclaimed }),
		routesWithoutHandler: routes,
		silent,
		silentWorkers,
	};
}

/** @throws Error if the Worker does not list its handlers */
async function answerOf(
	worker: HealthPorts["workers"]["all"][number],
): Promise<void> {
	if (await worker.isReachable()) return;
	throw new Error("it does not list its handlers");
}

function figuresOf(metrics: QueueMetrics, now: number): QueueFigures {
	const { backlogCount, backlogBytes, oldestMessageTimestamp } = metrics;
	const oldest = oldestMessageTimestamp?.getTime();
	// An empty queue reports no time, or the epoch.
	const oldestMessageAt = backlogCount > 0 && oldest ? oldest : null;
	const lag = Math.max(0, now - (oldestMessageAt ?? now));
	return { backlogCount, backlogBytes, oldestMessageAt, lag };
}

function schedulerFigures(
	shards: readonly ShardFigures[],
	now: number,
): SchedulerFigures {
	const sum = (key: "scheduled" | "waiting") =>
		shards.reduce((total, shard) => total + shard[key], 0);
	return {
		lag: Math.max(...shards.map((shard) => lagOf(shard, now))),
		scheduled: sum("scheduled"),
		waiting: sum("waiting"),
		lastHour: sumOf(shards.map(({ lastHour }) => lastHour)),
	};
}
