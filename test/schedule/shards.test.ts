/** Shards on real objects: events are found by id after the number of shards changes. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { settingsOf } from "../../src/config/settings.ts";
import { newId, shardOf } from "../../src/event/id.ts";
import { createEvents } from "../../src/index.ts";
import type { Scheduler } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
import { boundScheduler } from "../../src/schedule/shards.ts";
import { worker } from "../../src/worker.ts";
import { alarmOf, row, shardNamed } from "../support/shard.ts";
import { transitions } from "../support/worker.ts";

afterEach(() => vi.restoreAllMocks());

const HOUR = 3_600_000;

/** The scheduler of a deploy with this many shards. */
const deployed = boundScheduler;

/** Stores events whose ids were created for this many shards. */
async function stored(count: number, shards: number, dueIn = HOUR) {
	const dueAt = Date.now() + dueIn;
	const ids = Array.from({ length: count }, () => newId(Date.now(), shards));
	for (const id of ids) await deployed(shards).store([row(dueAt, { id })]);
	return ids;
}

async function listedBy(scheduler: Scheduler): Promise<string[]> {
	const start = { dueAt: 0, id: "", handler: "" };
	const { found } = await scheduler.list(start, {}, 1_000);
	return found.map(({ id }) => id);
}

test("eight shards find, list, reschedule, cancel and send the events of four shards", async () => {
	const four = await stored(12, 4);
	const eight = await stored(12, 8);
	const grown = deployed(8);
	expect((await listedBy(grown)).sort()).toEqual([...four, ...eight].sort());

	const [cancelled, moved, ...left] = four as [string, string, ...string[]];
	expect(await grown.cancel(cancelled, "all")).toMatchObject({ id: cancelled });
	expect(await grown.cancel(cancelled, "all")).toBe("gone");
	expect(await grown.reschedule(moved, Date.now(), "all")).toMatchObject({
		id: moved,
	});
	await vi.waitFor(() => expect(queued()).toContain(moved), 10_000);

	const later = Date.now() + HOUR;
	vi.spyOn(Date, "now").mockReturnValue(later);
	for (let shard = 0; shard < 8; shard++)
		await runDurableObjectAlarm(shardNamed(`shard-${shard}`));
	expect(queued()).toEqual(expect.arrayContaining([...left, ...eight]));
	expect(queued()).not.toContain(cancelled);
	expect(await listedBy(grown)).toEqual([]);
});

test("an event in a removed shard is found by its id and sent, and is listed with `before`", async () => {
	const ids = await stored(24, 8);
	const away = ids.filter((id) => Number(shardOf(id)) >= 4);
	expect(away.length).toBeGreaterThan(0);

	const shrunk = deployed(4);
	expect(await listedBy(shrunk)).toHaveLength(ids.length - away.length);
	const { shards } = settingsOf({ shards: { now: 4, before: 8 } });
	expect((await listedBy(deployed(shards.all))).sort()).toEqual(ids.sort());
	for (let n = 0; n < 100; n++)
		expect(shardOf(newId(Date.now(), shards.now))).toBeLessThan(4);

	const [cancelled, ...left] = away as [string, ...string[]];
	expect(await shrunk.cancel(cancelled, "all")).toMatchObject({
		id: cancelled,
	});
	for (const id of left) await shrunk.reschedule(id, Date.now(), "all");
	await vi.waitFor(
		() => expect(queued()).toEqual(expect.arrayContaining(left)),
		10_000,
	);
});

test("the watch sets a missing alarm in a removed shard with `before`", async () => {
	const id = `${newId(Date.now(), 1).slice(0, -2)}07`;
	await deployed(8).store([row(Date.now() + HOUR, { id })]);
	const stub = shardNamed("shard-7");
	await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());

	await deployed(4).watch();
	expect(await alarmOf(stub)).toBe(null);
	const { shards } = settingsOf({ shards: { now: 4, before: 8 } });
	await deployed(shards.all).watch();
	expect(await alarmOf(stub)).not.toBe(null);
});

test("a configuration with `before` lists and watches those shards, and stores new events only in those of `now`", async () => {
	const events = createEvents();
	worker(events, { config: { shards: { now: 1, before: 8 } } });
	const { newId: next, scheduler } = portsOf(events);
	const ids = Array.from({ length: 50 }, () => next(Date.now()));
	expect(new Set(ids.map(shardOf))).toEqual(new Set([0]));

	const dueAt = Date.now() + 1_000;
	const id = `${ids[0]?.slice(0, -2)}06`;
	await scheduler.store([row(dueAt, { id })]);
	expect(await listedBy(scheduler)).toContain(id);
	const due = expect.objectContaining({ nextDueAt: dueAt });
	expect(await scheduler.figures()).toContainEqual(due);
	expect(await deployed(1).figures()).not.toContainEqual(due);
});

function queued(): string[] {
	return transitions.flatMap(({ type, id }) => (type === "queued" ? id : []));
}
