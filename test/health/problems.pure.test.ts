/** Which figures are problems, on each side of every limit, and which calls have no answer. */
import { expect, test } from "vitest";
import type { ShardFigures } from "../../src/event/scheduled-row.ts";
import { measureHealth } from "../../src/health/health.ts";
import { problemsIn } from "../../src/health/problems.ts";

const NOW = Date.UTC(2027, 0, 1);
const HOUR = 3_600_000;
const RETENTION = 96 * HOUR;

const queue = (lag: number) => ({
	backlogCount: 1,
	backlogBytes: 1,
	oldestMessageAt: NOW - lag,
	lag,
});
const shard = (changes: Partial<ShardFigures> = {}): ShardFigures => ({
	nextDueAt: null,
	scheduled: 0,
	waiting: 0,
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
	[
		"a silent Worker",
		{ silentWorkers: ["mail"] },
		["store_unavailable", "Worker mail did not list its handlers"],
	],
] as const)("%s", (_, figures, problem: readonly string[] = []) => {
	const all = {
		queues: {},
		silent: [],
		silentWorkers: [],
		...figures,
	} as never;
	const [code, part] = problem;
	expect(problemsIn(all, ["named"], RETENTION, NOW)).toEqual(
		code ? [{ code, detail: expect.stringContaining(part as string) }] : [],
	);
});

test("each queue, object and Worker that does not answer in time is a problem with its name, and no call waits for another", async () => {
	const limits = new Set<number>();
	const never = () => new Promise<never>(() => {});
	const queue = {
		metrics: async () => ({ backlogCount: 0, backlogBytes: 0 }),
	};
	const worker = { isReachable: async () => true };
	const begun: string[] = [];
	const healthOf = (silent: readonly string[]) => {
		const call = (name: string, answer: () => Promise<unknown>) => () => {
			begun.push(name);
			return silent.includes(name) ? never() : answer();
		};
		return measureHealth([], RETENTION, {
			clock: () => NOW,
			// The answers are there at once, so a limit that has begun is over before the next tick.
			timer: (expire: () => void, ms: number) => {
				limits.add(ms);
				const timeout = setTimeout(expire, 0);
				return () => clearTimeout(timeout);
			},
			queues: {
				all: () =>
					["events", "bulk"].map((label) => ({
						label,
						name: label,
						queue: { metrics: call(`queue ${label}`, queue.metrics) },
					})),
			},
			scheduler: { figures: call("scheduler", async () => [shard()]) },
			deadLetters: { counts: call("dead letters", async () => ({ dead: 1 })) },
			payloads: { get: call("payloads", async () => null) },
			workers: {
				all: ["", "mail", "shop"].map((key) => ({
					...worker,
					key,
					isReachable: call(`Worker ${key}`, worker.isReachable),
				})),
				routesWithoutHandler: async () => [],
			},
		} as never);
	};
	expect(await healthOf([])).toMatchObject({ status: "ok", problems: [] });
	const all = [
		"queue events",
		"queue bulk",
		"scheduler",
		"dead letters",
		"payloads",
		"Worker mail",
		"Worker shop",
	];
	for (const one of all) {
		const { status, problems } = await healthOf([one]);
		expect({ status, problems }).toEqual({
			status: "failing",
			problems: [
				{
					code: "store_unavailable",
					detail: expect.stringMatching(new RegExp(`^${one} did not`)),
				},
			],
		});
	}
	begun.length = 0;
	expect((await healthOf(all)).problems).toHaveLength(all.length);
	expect(begun.toSorted()).toEqual(all.toSorted());
	expect([...limits]).toEqual([3_000]);
});
