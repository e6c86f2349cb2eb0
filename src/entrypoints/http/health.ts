/** `/health`: whether the queues are worked off in time; the figures are for those who may read. */
import type { Hono } from "hono";
import pMap from "p-map";
import type { AppPorts } from "../../apps/app-ports.ts";
import { CALL_CONCURRENCY } from "../../event/limits.ts";
import { authenticate, requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";

interface QueueFigures {
	backlogCount: number;
	backlogBytes: number;
	/** Epoch milliseconds; null when nothing waits. */
	oldestMessageAt: number | null;
}

interface Health {
	/** `late` when a queue's oldest message has waited for half of the retention. */
	status: "ok" | "late";
	/** By where `TIDINGS_QUEUES` names it: `events`, `events 2`, `bulk`, `bulk retries`. */
	queues: Record<string, QueueFigures>;
	/** Milliseconds by which the scheduler's earliest row is overdue; 0 when none is. */
	schedulerLag: number;
}

/** An answer serves this long, in milliseconds, so that an open path costs little. */
const FRESH = 5_000;

/** @param retention how long the queues keep a message, in milliseconds */
export function healthRoute(
	app: Hono<Http>,
	ports: AppPorts,
	retention: number,
): void {
	let last: { at: number; health: Health } | undefined;

	route(app, "/health", {
		async GET(context) {
			const shown = context.req.header("authorization");
			if (shown !== undefined) {
				const caller = await authenticate(shown, context.env.API_KEYS);
				requireScope(caller, "read");
			}
			const at = ports.clock();
			if (!last || at - last.at > FRESH)
				last = { at, health: await measure(ports, retention) };
			const { health } = last;
			const status = health.status === "ok" ? 200 : 503;
			return context.json(
				shown === undefined ? { status: health.status } : health,
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
	return {
		status: late ? "late" : "ok",
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
	// A queue without messages tells no time, or the epoch.
	const oldestMessageAt = backlogCount > 0 && oldest ? oldest : null;
	return { backlogCount, backlogBytes, oldestMessageAt };
}
