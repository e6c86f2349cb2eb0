/** Which figures are problems, on each side of every limit. */
import { expect, test } from "vitest";
import type { ShardFigures } from "../../src/event/scheduled-row.ts";
import { problemsIn } from "../../src/health/problems.ts";

const NOW = Date.UTC(2027, 0, 1);
const HOUR = 3_600_000;
const RETENTION = 96 * HOUR;

const queue = (lag: number) => ({
	...{ backlogCount: 1, backlogBytes: 1, oldestMessageAt: NOW - lag, lag },
});
const shard = (changes: Partial<ShardFigures> = {}): ShardFigures => ({
	...{ nextDueAt: null, scheduled: 0, waiting: 0 },
	lastHour: { wakeUps: 0, rowsWritten: 0, sent: 0 },
	...changes,
});
const loop = (wakeUps: number, sent: number) =>
	shard({ lastHour: { wakeUps, rowsWritten: wakeUps, sent } });

test.each([
	["a queue at half of the retention", { queues: { bulk: queue(48 * HOUR) } }],
	[
		"a queue past half of the retention",
		{ queues: { events: queue(1), bulk: queue(48 * HOUR + 1) } },
		["queue_late", "bulk has waited for 48 hours; after 96 hours"],
	],
	["a shard without rows", { shards: [shard()] }],
	[
		"a shard that is ten minutes late",
		{ shards: [shard({ nextDueAt: NOW - 600_000 })] },
	],
	[
		"a shard that is later",
		{ shards: [shard(), shard({ nextDueAt: NOW - 11 * 60_000 })] },
		["schedule_late", "shard 1 of the scheduler is 11 minutes late"],
	],
	["an alarm each second", { shards: [loop(3_600, 0)] }],
	["many alarms of many records", { shards: [loop(36_000, 3_600)] }],
	[
		"more alarms than records",
		{ shards: [loop(3_601, 360)] },
		["alarm_loop", "woke 3601 times in the last hour"],
	],
	["a queue that is named since", { unclaimed: "named" }],
	["no unclaimed queue", { unclaimed: null }],
	[
		"a queue that is not named",
		{ unclaimed: "other" },
		["queue_unclaimed", '"other" are not handled; name it in TIDINGS_QUEUES'],
	],
	[
		"a route to nothing",
		{ routesWithoutHandler: ["mail/gone"] },
		["route_without_handler", 'routes["mail/gone"]'],
	],
	[
		"a silent store",
		{ silent: ["dead letters"] },
		["store_unavailable", "dead letters did not answer"],
	],
] as const)("%s", (_, figures, problem: readonly string[] = []) => {
	const all = { queues: {}, silent: [], ...figures } as never;
	const [code, part] = problem;
	expect(problemsIn(all, ["named"], RETENTION, NOW)).toEqual(
		code ? [{ code, detail: expect.stringContaining(part as string) }] : [],
	);
});
