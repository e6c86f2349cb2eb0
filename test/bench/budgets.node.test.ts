/** Budgets that the benches of scale and memory found, at small sizes: exact counts, and one heap limit. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { measure } from "../../bench/memory/measure.ts";
import {
	type Running as RunningMemory,
	start as startMemory,
} from "../../bench/memory/runtime.ts";
import { scenarios } from "../../bench/memory/scenarios.ts";
import { countPages, type PageCounts } from "../../bench/pages/measure.ts";
import {
	type Running as RunningPages,
	start as startPages,
} from "../../bench/pages/runtime.ts";
import {
	HANDLERS,
	ROWS,
	SHARDS,
	SUBSCRIPTIONS,
} from "../../bench/scale/dimensions.ts";
import { type Growth, growthIn } from "../../bench/scale/growth.ts";
import { type Running, start } from "../../bench/scale/runtime.ts";

describe("the cost of a call", () => {
	let running: Running;
	beforeAll(async () => {
		running = await start();
	});
	afterAll(() => running.stop());

	/** All counts, by size. */
	const countsOf = ({ samples }: Growth) =>
		samples.map(({ size: _, ms: __, ...counts }) => counts);

	test.each([
		{ ...ROWS, sizes: [200, 1_000] },
		{ ...SUBSCRIPTIONS, sizes: [200, 600] },
	])("is flat, to the last row: $title", async (dimension) => {
		const growths = await growthIn(dimension, running, 1);
		expect(growths.length).toBe(dimension.measurements(200).length);
		for (const growth of growths) {
			const [small, large] = countsOf(growth);
			expect(large, growth.name).toEqual(small);
		}
	});

	test("is three queue operations for an event with any number of handlers", async () => {
		const dimension = { ...HANDLERS, sizes: [1, 100] };
		const none = { objectRequests: 0, rowsRead: 0, rowsWritten: 0 };
		for (const growth of await growthIn(dimension, running, 1))
			for (const [index, counts] of countsOf(growth).entries()) {
				const { queueOperations, ...rest } = counts;
				const isPerHandler = growth.name.includes("each handler");
				const handlers = isPerHandler ? (dimension.sizes[index] ?? 0) : 1;
				expect(queueOperations * handlers, growth.name).toBeCloseTo(3);
				expect(rest, growth.name).toEqual(none);
			}
	});

	test("has no more rows written with more shards, and a list or watch calls each shard once", async () => {
		const growths = await growthIn({ ...SHARDS, sizes: [1, 4] }, running, 1);
		for (const growth of growths) {
			const [one, four] = growth.samples;
			const added = (four?.rowsWritten ?? 0) - (one?.rowsWritten ?? 0);
			expect(added, growth.name).toBeLessThan(0.01);
			if (/^(list|watch)/.test(growth.name))
				expect([one?.objectRequests, four?.objectRequests]).toEqual([1, 4]);
		}
	});
});

describe("the heap", () => {
	let running: RunningMemory;
	beforeAll(async () => {
		// V8 ends an isolate whose heap needs more: half of what Cloudflare allows.
		running = await startMemory(64);
	});
	afterAll(() => running.stop());

	test.each([
		["a batch of 100, 250 KB of text, 3 handlers", 1],
		["calls of a webhook, 250 KB", 0.1],
		["due at one instant, 1 KB", 0.01],
		["subscriptions, 1 KB", 0.0005],
	])("stays below 64 MB: %s, × %d", async (name, share) => {
		const scenario = scenarios(share).find((one) => one.name.includes(name));
		if (!scenario) throw new Error(`there is no scenario ${name}`);
		const measured = await measure(scenario, running, share < 1);
		expect(measured.handled).toBe(scenario.handled);
		expect(measured.samples).toBeGreaterThan(0);
		expect(measured.idle).toBeGreaterThan(1_000_000);
		expect(measured.peak).toBeLessThan(64_000_000);
	});
});

describe("a page of the dashboard", () => {
	let pages: PageCounts[];
	let running: RunningPages;
	beforeAll(async () => {
		running = await startPages();
		const filled = await running.fill({
			events: 700,
			deadLetters: 120,
			scheduled: 120,
			deliveries: 120,
			jobs: 60,
			subscriptions: 60,
		});
		pages = await countPages(running, filled);
	});
	afterAll(() => running.stop());

	test("makes a fixed number of object requests, and reads no more rows than it did", () => {
		for (const { name, objectRequests, rowsRead } of pages) {
			const [requests, rows = 0] = READS[name] ?? [];
			expect([name, objectRequests]).toEqual([name, requests]);
			// Which rows a shard of the scheduler reads depends on random ids.
			if (/overview|waiting|scheduled|settings/.test(name))
				expect(rowsRead, name).toBeLessThanOrEqual(rows);
			else expect([name, rowsRead]).toEqual([name, rows]);
		}
		expect(pages.length).toBe(Object.keys(READS).length);
	});

	test.each([
		["/dead-letters/groups", 368, 0],
		["/dead-letters", 323, 204],
		["/jobs/new?action=replay", 119, 0],
	])(
		"counts dead letters again only after one has changed: %s",
		async (path, rows, again) => {
			const read = async () => (await running.open(path)).rowsRead;
			await running.change();
			expect(await read()).toBe(rows);
			expect(await read()).toBe(again);
			await running.change();
			expect(await read()).toBe(rows);
		},
	);

	test("is below 100 KB with full data", () => {
		for (const { name, bytes } of pages)
			expect(bytes, name).toBeLessThan(100_000);
	});
});

/** Object requests and rows read of each page with the data above. */
const READS: Readonly<Record<string, readonly [number, number]>> = {
	"overview of an hour": [12, 800],
	"overview of a week": [12, 1_500],
	events: [1, 21],
	"events, dead": [1, 34],
	"events, none matches": [1, 26],
	"one event, the latest": [1, 20],
	"one event, a week old": [1, 27],
	"dead letters": [1, 323],
	"dead letters of a handler": [1, 552],
	"dead letters, none matches": [1, 360],
	"dead letters by error": [1, 368],
	"one dead letter": [1, 1],
	"replay of all, to confirm": [1, 119],
	"waiting deliveries": [4, 130],
	"waiting, none matches": [4, 130],
	"one waiting delivery": [1, 2],
	"scheduled events": [8, 370],
	"scheduled, none matches": [8, 490],
	"one scheduled event": [1, 2],
	jobs: [1, 51],
	"one job": [1, 2],
	handlers: [1, 120],
	"subscriptions of an event": [2, 50],
	publish: [0, 0],
	settings: [4, 130],
};
