/**
 * `/health`: reports whether the queues are consumed in time. The figures require the scope `read`. It also sets missing
 * alarms of the scheduler.
 */
import type { Hono } from "hono";
import pMap from "p-map";
import type { AppPorts } from "../../apps/app-ports.ts";
import { unclaimedQueue } from "../../consume/unclaimed.ts";
import { CALL_CONCURRENCY } from "../../event/limits.ts";
import { queueNames } from "../../platform/bindings.ts";
import { callerOf, requireScope } from "./keys.ts";
import { limitCaller } from "./rate-limit.ts";
import { type Http, route } from "./routes.ts";

interface QueueFigures {
	backlogCount: number;
	backlogBytes: number;
	/** Epoch milliseconds. Null if the queue is empty. */
	oldestMessageAt: number | null;
}

interface Health {
	/**
	 * `late` if a queue's oldest message has waited for more than half of the retention; `unclaimed` if the events of a
	 * queue are not handled, because `TIDINGS_QUEUES` does not name it.
	 */
	status: "ok" | "late" | "unclaimed";
	/** The name of that queue. */
	unclaimedQueue?: string;
	/** By the queue's place in `TIDINGS_QUEUES`: `events`, `events 2`, `bulk`, `bulk retries`. */
	queues: Record<string, QueueFigures>;
	/** How long the scheduler's earliest row is overdue, in milliseconds. 0 if none is. */
	schedulerLag: number;
}

/** A result is cached this long, in milliseconds, because the path is open to everyone. */
const TTL = 5_000;

/** @param retention how long the queues store a message, in milliseconds */
export function healthRoute(
	app: Hono<Http>,
	ports: AppPorts,
	retention: number,
): void {
	let cached: { at: number; health: Health } | undefined;

	route(app, "/health", {
		async GET(context) {
			const isAnonymous = context.req.header("authorization") === undefined;
			if (!isAnonymous) {
				const caller = await callerOf(context.req.raw);
				await limitCaller(caller);
				requireScope(caller, "read");
			}
			const at = ports.clock();
			if (!cached || at - cached.at > TTL)
				cached = { at, health: await measure(ports, retention) };
			const { health } = cached;
			const status = health.status === "ok" ? 200 : 503;
			context.header("cache-control", "no-store");
			return context.json(
				isAnonymous ? { status: health.status } : health,
				status,
			);
		},
	});
}

async function measure(ports: AppPorts, retention: number): Promise<Health> {
	const now = ports.clock();
	const figures = await pMap(
		ports.queues.all(),
		async ({ label, queue }) =>
			[label, figuresOf(await queue.metrics())] as const,
		{ concurrency: CALL_CONCURRENCY },
	);
	const queues = Object.fromEntries(figures);
	const late = Object.values(queues).some(
		({ oldestMessageAt }) =>
			oldestMessageAt !== null && now - oldestMessageAt > retention / 2,
	);
	const { nextDueAt } = await ports.scheduler.watch();
	const unclaimed = await unclaimedQueue(ports);
	const isUnclaimed =
		unclaimed !== null && !queueNames().some(({ name }) => name === unclaimed);
	return {
		status: isUnclaimed ? "unclaimed" : late ? "late" : "ok",
		...(isUnclaimed && { unclaimedQueue: unclaimed }),
		queues,
		schedulerLag: Math.max(0, now - (nextDueAt ?? now)),
	};
}

function figuresOf({
	backlogCount,
	backlogBytes,
	oldestMessageTimestamp,
}: QueueMetrics): QueueFigures {
	const oldest = oldestMessageTimestamp?.getTime();
	// An empty queue reports no time, or the epoch.
	const oldestMessageAt = backlogCount > 0 && oldest ? oldest : null;
	return { backlogCount, backlogBytes, oldestMessageAt };
}
