/** Scheduled events and deliveries while lanes are added, fail, or are removed. */
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { shardNamed } from "../../support/shard.ts";
import { down, queuesOfEvent, typesOf, wait } from "./support.ts";
import { behaviour, events } from "./worker.ts";

const vars = env as unknown as { TIDINGS_QUEUES: Record<string, unknown> };
const { TIDINGS_QUEUES: deployed } = vars;

const DEFAULT = /^lanes-events(-2)?$/;
const BULK = /^lanes-bulk(-2)?$/;
const sequence = ["scheduled", "queued", "delivered"];

afterEach(() => {
	vars.TIDINGS_QUEUES = deployed;
	behaviour.run = undefined;
	vi.restoreAllMocks();
});

/** Removes the lanes from the configuration, like a new deploy. */
function removeLanes(): void {
	const { lanes: _, draining: __, ...others } = deployed;
	vars.TIDINGS_QUEUES = { ...others, events: "lanes-events" };
}

/** Schedules one event for each lane. */
async function schedule(
	lanes: readonly (string | undefined)[],
	after: number,
): Promise<string[]> {
	const items = lanes.map((lane) => ({
		name: "order.placed",
		after,
		body: null,
		...(lane && { lane }),
	}));
	return (await events.publishBatch(items)).map(({ id }) => id);
}

async function expectAll(
	ids: string[],
	queues: readonly (string | RegExp)[],
): Promise<void> {
	await vi.waitFor(() => {
		for (const id of ids) expect(typesOf(id)).toEqual(sequence);
	}, wait);
	expect(ids.map(queuesOfEvent)).toEqual(
		queues.map((queue) => [expect.stringMatching(queue)]),
	);
}

test("a scheduled event is sent to its lane", async () => {
	const ids = await schedule(["bulk", undefined, "urgent"], 100);
	await expectAll(ids, [BULK, DEFAULT, /^lanes-urgent$/]);
});

test("a rescheduled event keeps its lane", async () => {
	const [id] = (await schedule(["urgent"], 86_400_000)) as [string];
	await events.reschedule(id, 100);
	await vi.waitFor(() => expect(typesOf(id)).toContain("delivered"), wait);
	expect(queuesOfEvent(id)).toEqual(["lanes-urgent"]);
});

test("a scheduled event whose lane was removed is sent to the default lane", async () => {
	const ids = await schedule(["bulk", undefined, "urgent"], 86_400_000);
	removeLanes();
	for (const id of ids) await events.reschedule(id, 100);
	await vi.waitFor(() => {
		for (const id of ids) expect(typesOf(id)).toContain("delivered");
	}, wait);
	expect(ids.flatMap(queuesOfEvent)).toEqual(Array(3).fill("lanes-events"));
});

test("a failing lane blocks no other lane, and its events go to the default lane", async () => {
	vi.spyOn(console, "error").mockImplementation(() => {});
	const [one, two] = [down("BULK_QUEUE"), down("BULK_QUEUE_2")];
	const lanes = ["bulk", undefined, "bulk", "urgent"];
	const ids = await schedule(lanes, 100);
	await expectAll(ids, [DEFAULT, DEFAULT, DEFAULT, /^lanes-urgent$/]);
	const calls = [...one, ...two].flatMap(({ mock }) => mock.calls);
	expect(calls.length).toBeGreaterThan(0);
});

test("an event whose lane accepts it is sent once, although the default lane fails again and again", async () => {
	vi.spyOn(console, "error").mockImplementation(() => {});
	const failing = ["EVENTS_QUEUE", "EVENTS_QUEUE_2"].flatMap(down);
	// Each shard stores some of them.
	const lanes = Array.from({ length: 16 }, (_, n) =>
		n % 2 === 0 ? undefined : "urgent",
	);
	const ids = await schedule(lanes, 100);
	const failures = () => failing.flatMap(({ mock }) => mock.calls).length;
	await vi.waitFor(() => expect(failures()).toBeGreaterThan(2), wait);
	for (const spy of failing) spy.mockRestore();
	await expectAll(
		ids,
		lanes.map((lane) => (lane ? /^lanes-urgent$/ : DEFAULT)),
	);
});

test("events stay scheduled while both their lane and the default lane fail", async () => {
	vi.spyOn(console, "error").mockImplementation(() => {});
	const queues = [
		"BULK_QUEUE",
		"BULK_QUEUE_2",
		"EVENTS_QUEUE",
		"EVENTS_QUEUE_2",
	];
	const failing = queues.flatMap(down);
	const [id] = (await schedule(["bulk"], 100)) as [string];
	await vi.waitFor(
		() =>
			expect(
				failing.flatMap(({ mock }) => mock.calls).length,
			).toBeGreaterThanOrEqual(2),
		wait,
	);
	expect(typesOf(id)).toEqual(["scheduled"]);
	for (const spy of failing) spy.mockRestore();
	await vi.waitFor(() => expect(typesOf(id)).toEqual(sequence), wait);
	expect(queuesOfEvent(id)).toEqual([expect.stringMatching(BULK)]);
});

test("events in flight are delivered while lanes are added, and so are events of the new lanes", async () => {
	removeLanes();
	behaviour.run = (_, { attempt }) => {
		if (attempt === 1) throw new Error("not yet");
	};
	const item = { name: "order.placed", body: null };
	const before = await events.publishBatch(Array(12).fill(item));
	const waiting = await schedule(Array(6).fill(undefined), 500);
	vars.TIDINGS_QUEUES = deployed;
	const bulk = await events.publishBatch(
		Array(12).fill({ ...item, lane: "bulk" }),
	);
	const ids = [...before, ...bulk].map(({ id }) => id);
	await vi.waitFor(() => {
		for (const id of [...ids, ...waiting])
			expect(typesOf(id).at(-1)).toBe("delivered");
	}, wait);
	for (const { id } of bulk) expect(queuesOfEvent(id)[0]).toMatch(BULK);
});

test("600 events over all lanes are all delivered, although every tenth fails once", async () => {
	behaviour.run = ({ body }, { attempt }) => {
		if (Number(body) % 10 === 0 && attempt === 1) throw new Error("not yet");
	};
	const lanes = [undefined, "bulk", "urgent"];
	const batches = await Promise.all(
		[0, 1].map((batch) =>
			events.publishBatch(
				Array.from({ length: 300 }, (_, n) => ({
					name: "order.placed",
					lane: lanes[n % 3],
					body: n + batch,
				})),
			),
		),
	);
	const receipts = batches.flat();
	expect(receipts).toHaveLength(600);
	await vi.waitFor(
		() => {
			const open = receipts.filter(
				({ id }) => typesOf(id).at(-1) !== "delivered",
			);
			expect(open).toHaveLength(0);
		},
		{ timeout: 50_000, interval: 100 },
	);
}, 60_000);

test("scheduled deliveries are sent to the retries queue of their lane", async () => {
	const time = Date.now();
	const id = "01a1fc58-179d-7042-a27b-c7a89af9ee00";
	const row = (handler: string, lane: string) => ({
		id,
		handler,
		name: "order.placed",
		dueAt: time,
		version: 1,
		reference: null,
		record: JSON.stringify({
			v: 1,
			id,
			name: "order.placed",
			time,
			delay: 0,
			lane,
			body: 1,
			delivery: { handler, attempt: 1 },
		}),
	});
	await shardNamed("shard-0").store([
		row("audit", "urgent"),
		row("audit-of-bulk", "bulk"),
		row("audit-of-gone", "gone"),
	]);
	await vi.waitFor(
		() =>
			expect(queuesOfEvent(id).sort()).toEqual([
				"lanes-retries audit-of-bulk",
				"lanes-retries audit-of-gone",
				"lanes-urgent-retries audit",
			]),
		wait,
	);
});
