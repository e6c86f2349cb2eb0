/** Decides which figures are problems: something is late, stuck or named and missing. Pure. */
import type { DeadLetterState } from "../event/dead-letter.ts";
import type { ShardFigures } from "../event/scheduled-row.ts";
import { show } from "../event/validation.ts";

/**
 * - `queue_late`: the oldest message of a queue has waited for more than half of the retention
 * - `schedule_late`: a shard of the scheduler sends its rows late
 * - `alarm_loop`: a shard wakes again and again, and sends little. Each alarm costs money
 * - `queue_unclaimed`: the events of a queue are not handled, because `TIDINGS_QUEUES` does not name it
 * - `route_without_handler`: the configuration has a route to a handler that its Worker does not have
 * - `store_unavailable`: a queue, an object or a Worker did not answer within 3 seconds
 */
export interface Problem {
	code:
		| "queue_late"
		| "schedule_late"
		| "alarm_loop"
		| "queue_unclaimed"
		| "route_without_handler"
		| "store_unavailable";
	/** What is wrong, and what to do. */
	detail: string;
}

/** The backlog of one queue. */
export interface QueueFigures {
	/** Messages that wait. */
	backlogCount: number;
	backlogBytes: number;
	/** Epoch milliseconds. Null if the queue is empty. */
	oldestMessageAt: number | null;
	/** How long the oldest message has waited, in milliseconds. 0 if the queue is empty. */
	lag: number;
}

/** The members of a measurement whose store has answered. */
export interface Figures {
	queues: Record<string, QueueFigures>;
	shards?: ShardFigures[];
	deadLetters?: Record<DeadLetterState, number>;
	/** The name of a queue that `TIDINGS_QUEUES` does not name; null if every queue is named. */
	unclaimed?: string | null;
	/** Configured routes to handlers that do not exist. */
	routesWithoutHandler?: string[];
	/** The queues and objects that did not answer. */
	silent: string[];
	/** The keys of the Workers that did not answer. */
	silentWorkers: string[];
}

const MINUTE = 60_000;

/** A flush that fails is run again within a minute, so a shard that is later is stuck. In milliseconds. */
const MOST_LAG = 10 * MINUTE;

/** An alarm each second, for an hour. */
const MOST_WAKE_UPS = 3_600;

/** An alarm of an event that is due alone sends one record; a cancelled one sends none. */
const WAKE_UPS_PER_RECORD = 10;

/**
 * @param names of the queues that the configuration names
 * @param retention of the queues, in milliseconds
 * @param now epoch milliseconds
 */
export function problemsIn(
	figures: Figures,
	names: readonly string[],
	retention: number,
	now: number,
): Problem[] {
	const { queues, shards = [], unclaimed, routesWithoutHandler = [] } = figures;
	return [
		...Object.entries(queues)
			.filter(([, { lag }]) => lag > retention / 2)
			.map(([label, { lag }]) => lateQueue(label, lag, retention)),
		...shards.flatMap((shard, number) => shardProblems(shard, number, now)),
		...(unclaimed != null && !names.includes(unclaimed)
			? [queueWithoutName(unclaimed)]
			: []),
		...routesWithoutHandler.map(routeWithoutHandler),
		...figures.silent.map(silentStore),
		...figures.silentWorkers.map(silentWorker),
	];
}

/** How long the earliest row of a shard is overdue, in milliseconds. */
export function lagOf({ nextDueAt }: ShardFigures, now: number): number {
	return Math.max(0, now - (nextDueAt ?? now));
}

function lateQueue(label: string, lag: number, retention: number): Problem {
	return {
		code: "queue_late",
		detail: `the oldest message of ${label} has waited for ${hours(lag)}; after ${hours(retention)} it is deleted. Find out why its consumer does not keep up`,
	};
}

function shardProblems(
	shard: ShardFigures,
	number: number,
	now: number,
): Problem[] {
	const lag = lagOf(shard, now);
	const { wakeUps, rowsWritten, sent } = shard.lastHour;
	const isLoop =
		wakeUps > MOST_WAKE_UPS && wakeUps > WAKE_UPS_PER_RECORD * sent;
	return [
		...(lag > MOST_LAG
			? [
					{
						code: "schedule_late" as const,
						detail: `shard ${number} of the scheduler is ${Math.floor(lag / MINUTE)} minutes late; look for flush_failed in the log of the owner`,
					},
				]
			: []),
		...(isLoop
			? [
					{
						code: "alarm_loop" as const,
						detail: `shard ${number} of the scheduler woke ${wakeUps} times in the last hour, wrote ${rowsWritten} rows and sent ${sent} records; look at the log of the owner, and deploy the version before`,
					},
				]
			: []),
	];
}

function queueWithoutName(name: string): Problem {
	return {
		code: "queue_unclaimed",
		detail: `the events of the queue ${show(name)} are not handled; name it in TIDINGS_QUEUES`,
	};
}

function routeWithoutHandler(id: string): Problem {
	return {
		code: "route_without_handler",
		detail: `tidings.config.ts: routes[${show(id)}] names a handler that its Worker does not have; deploy that Worker, or correct the route`,
	};
}

function silentStore(store: string): Problem {
	return {
		code: "store_unavailable",
		detail: `${store} did not answer; look for health_call_failed in the log of the owner`,
	};
}

function silentWorker(key: string): Problem {
	return {
		code: "store_unavailable",
		detail: `Worker ${key} did not list its handlers, so its events wait; deploy it, or correct its binding`,
	};
}

function hours(ms: number): string {
	return `${Math.floor(ms / 3_600_000)} hours`;
}
