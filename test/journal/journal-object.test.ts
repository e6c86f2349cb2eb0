/** The journal's object: what a record costs, what a search reads, and how days end. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { newId } from "../../src/event/id.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry, Step } from "../../src/journal/entry.ts";
import type { Journal } from "../../src/journal/journal-object.ts";
import { listEntries } from "../../src/journal/list.ts";
import { pageOf } from "../../src/journal/page.ts";
import { PageTable } from "../../src/journal/page-table.ts";
import { search } from "../../src/journal/search.ts";

const DAY = 86_400_000;
const T0 = Date.UTC(2027, 0, 14, 9);

let count = 0;
let journal: DurableObjectStub<Journal>;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	const { Journal: namespace } = exports as unknown as {
		Journal: DurableObjectNamespace<Journal>;
	};
	journal = namespace.getByName(`journal-test-${++count}`);
});
afterEach(() => vi.useRealTimers());

function entry(changes: Partial<Entry> = {}, step: Partial<Step> = {}): Entry {
	const at = Date.now();
	return {
		id: newId(at, 4),
		name: "order.paid",
		time: at - 5,
		queuedMs: 5,
		steps: [
			{
				type: "delivered",
				at,
				handler: "mail",
				attempt: 1,
				startedAt: at - 3,
				...step,
			} as Step,
		],
		...changes,
	};
}

const died = {
	type: "dead",
	cause: "exhausted",
	error: { name: "TimeoutError", message: "the bank did not answer" },
} as const;

async function record(...entries: Entry[]): Promise<void> {
	await journal.record(await pageOf(entries), countsOf(entries), "v1");
}

/** Rows that the object's SQL reads and writes while `act` runs. */
async function counted(
	act: (table: PageTable) => unknown,
): Promise<{ read: number; written: number }> {
	return runInDurableObject(journal, async (_, { storage: { sql } }) => {
		const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
		const metered = {
			exec(...args: Parameters<SqlStorage["exec"]>) {
				const cursor = sql.exec(...args);
				cursors.push(cursor);
				return cursor;
			},
		} as unknown as SqlStorage;
		await act(new PageTable(metered));
		const sum = (key: "rowsRead" | "rowsWritten") =>
			cursors.reduce((total, cursor) => total + cursor[key], 0);
		return { read: sum("rowsRead"), written: sum("rowsWritten") };
	});
}

test("an entry is found by id, name, handler, state, cause, tag, text and time", async () => {
	const paid = entry({ tags: { customer: "c42" } });
	const failed = entry({ name: "order.lost", tags: { customer: "c1" } }, died);
	await record(paid, failed);
	const found = async (filter: object) =>
		(await journal.search(filter, undefined, 10)).entries.map(({ id }) => id);
	expect(await found({})).toEqual([failed.id, paid.id]);
	for (const filter of [
		{ id: failed.id },
		{ name: "order.lost" },
		{ state: "dead" },
		{ cause: "exhausted" },
		{ tags: { customer: "c1" } },
		{ text: "BANK" },
		{ state: "dead", tags: { customer: "c1" }, handler: "ma*", since: T0 },
	])
		expect(await found(filter), JSON.stringify(filter)).toEqual([failed.id]);
	for (const filter of [
		{ id: newId(T0, 4) },
		{ name: "user.*" },
		{ state: "dead", tags: { customer: "c42" } },
		{ until: T0 },
		{ handler: "mailer" },
	])
		expect(await found(filter), JSON.stringify(filter)).toEqual([]);
	expect(await journal.search({ id: paid.id }, undefined, 10)).toMatchObject({
		entries: [paid],
		unreadable: [],
	});
});

test("a page costs one row, whether it is new or grows the last one", async () => {
	const hundred = await pageOf(Array.from({ length: 100 }, () => entry()));
	const one = await pageOf([entry()]);
	const write = async (table: PageTable) => table.add(hundred, "v1", T0);
	await counted(write);
	expect((await counted(write)).written).toBe(1);
	const grow = async (table: PageTable) => table.add(one, "v1", T0);
	expect((await counted(grow)).written).toBe(1);
});

test("a page that grew is found by the entries of each part", async () => {
	const entries = Array.from({ length: 20 }, (_, n) =>
		entry({ tags: { customer: `c${n}` } }),
	);
	for (const one of entries) await record(one);
	await runInDurableObject(journal, (_, { storage: { sql } }) => {
		const [{ name }] = sql
			.exec<{ name: string }>(
				"SELECT name FROM sqlite_master WHERE name GLOB 'pages_*'",
			)
			.toArray() as [{ name: string }];
		expect(sql.exec(`SELECT count FROM ${name}`).toArray()).toEqual([
			{ count: 20 },
		]);
	});
	await evictDurableObject(journal);
	await record(entry());
	for (const { id, tags = {} } of entries) {
		expect((await journal.search({ tags }, undefined, 10)).entries).toEqual([
			expect.objectContaining({ id }),
		]);
	}
});

test("a search for one customer's failures in 100 000 events reads little", async () => {
	const PAGES = 1_000;
	const matching = new Set<number>();
	for (let number = 0; number < PAGES; number++) {
		vi.setSystemTime(T0 + number * 1_000);
		const entries = Array.from({ length: 100 }, (_, n) => {
			const customer = `c${(number * 100 + n) % 5_000}`;
			const isDead = n % 50 === 0;
			if (isDead && customer === "c50") matching.add(number);
			// The same in each run: the Bloom filter of a page depends on them.
			const id = `event-${number}-${n}`;
			return entry({ id, tags: { customer } }, isDead ? died : {});
		});
		await record(...entries);
	}
	expect(matching.size).toBe(20);
	const filter = { state: "dead", tags: { customer: "c50" } } as const;
	for (const find of [
		async (table: PageTable) =>
			(await search(filter, undefined, 100, table)).entries,
		async (table: PageTable) =>
			(await listEntries(filter, undefined, 100, table)).events,
	]) {
		let opened = 0;
		const { read } = await counted(async (table) => {
			const data = table.data.bind(table);
			table.data = (day, id) => {
				opened++;
				return data(day, id);
			};
			expect(await find(table)).toHaveLength(20);
		});
		expect(opened).toBeLessThanOrEqual(20.4);
		expect(read).toBeLessThanOrEqual(1_100);
	}
}, 60_000);

test("a search goes on from its cursor until everything was searched", async () => {
	const all: string[] = [];
	for (let n = 0; n < 5; n++) {
		const entries = Array.from({ length: 300 }, () => entry());
		all.unshift(...entries.map(({ id }) => id).reverse());
		await record(...entries);
	}
	const found: string[] = [];
	let cursor: readonly [number, number] | undefined;
	let calls = 0;
	do {
		const result = await journal.search({}, cursor, 100);
		expect(result.entries.length).toBeLessThanOrEqual(100);
		found.push(...result.entries.map(({ id }) => id));
		cursor = result.cursor as typeof cursor;
		calls++;
	} while (cursor);
	expect(found).toEqual(all);
	expect(calls).toBeGreaterThan(1);
});

test("a page that cannot be read is skipped and counted", async () => {
	const [damaged, intact] = [entry(), entry()];
	await record(damaged, ...Array.from({ length: 600 }, () => entry()));
	await runInDurableObject(journal, (_, { storage: { sql } }) => {
		const table = `pages_v1_${Math.floor(T0 / DAY)}`;
		sql.exec(`UPDATE ${table} SET data = x'00000005ffffffffff'`);
	});
	await evictDurableObject(journal);
	await record(intact, ...Array.from({ length: 600 }, () => entry()));
	const ids = { id: damaged.id };
	expect(await journal.search(ids, undefined, 10)).toMatchObject({
		entries: [],
		unreadable: [{ id: 1 }],
	});
	expect(
		(await journal.search({ id: intact.id }, undefined, 10)).entries,
	).toHaveLength(1);
});

test("a day is dropped whole when its retention has ended, and nothing else is", async () => {
	const old = entry();
	await record(old);
	vi.setSystemTime(T0 + 7 * DAY);
	const recent = entry();
	await record(recent);
	// Until the end of this day, some of the oldest day is younger than its retention.
	await runDurableObjectAlarm(journal);
	expect((await journal.search({}, undefined, 10)).entries).toHaveLength(2);
	vi.setSystemTime(T0 + 8 * DAY);
	expect(await runDurableObjectAlarm(journal)).toBe(true);
	expect((await journal.search({}, undefined, 10)).entries).toMatchObject([
		{ id: recent.id },
	]);
	expect(await journal.counts(T0 - DAY, T0 + DAY, DAY)).toEqual([]);
	vi.setSystemTime(T0 + 20 * DAY);
	await runDurableObjectAlarm(journal);
	await runInDurableObject(journal, async (_, { storage }) => {
		expect(
			storage.sql
				.exec("SELECT name FROM sqlite_master WHERE name GLOB '*_v1_*'")
				.toArray(),
		).toEqual([]);
		expect(await storage.getAlarm()).toBeNull();
	});
});

test("a day of another version is not read, and is dropped on its day", async () => {
	await record(entry());
	const other = `pages_v9_${Math.floor(T0 / DAY)}`;
	const names = () =>
		runInDurableObject(journal, (_, { storage: { sql } }) =>
			sql
				.exec<{ name: string }>(
					"SELECT name FROM sqlite_master WHERE name GLOB 'pages_*'",
				)
				.toArray()
				.map(({ name }) => name),
		);
	await runInDurableObject(journal, (_, { storage: { sql } }) => {
		sql.exec(`CREATE TABLE ${other} (anything TEXT)`);
	});
	await evictDurableObject(journal);
	expect((await journal.search({}, undefined, 10)).entries).toHaveLength(1);
	expect(await names()).toContain(other);
	vi.setSystemTime(T0 + 9 * DAY);
	await runDurableObjectAlarm(journal);
	expect(await names()).toEqual([]);
});

test("a minute has the counts of all its batches, by handler, with durations", async () => {
	await record(entry(), entry({}, died));
	await record(entry({}, { handler: "audit", startedAt: T0 - 700 }));
	const minutes = await journal.counts(T0, T0 + 60_000, 60_000);
	expect(minutes).toEqual([
		{
			at: T0,
			counts: {
				events: {},
				deploys: { v1: T0 },
				handlers: {
					mail: expect.objectContaining({ delivered: 1, retrying: 0, dead: 1 }),
					audit: expect.objectContaining({ delivered: 1, dead: 0 }),
				},
			},
		},
	]);
	const durations = minutes[0]?.counts.handlers.audit?.durations;
	expect(durations).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
});

test("longer intervals have the sums of their minutes, and the first report of each deploy", async () => {
	await record(entry());
	vi.setSystemTime(T0 + 14 * 60_000);
	await record(entry({}, died));
	await journal.record(null, countsOf([entry()]), "v2");
	vi.setSystemTime(T0 + 15 * 60_000);
	await record(entry());
	const list = await journal.counts(T0, T0 + DAY, 15 * 60_000);
	expect(list).toMatchObject([
		{
			at: T0,
			counts: {
				handlers: { mail: { delivered: 2, dead: 1 } },
				deploys: { v1: T0, v2: T0 + 14 * 60_000 },
			},
		},
		{
			at: T0 + 15 * 60_000,
			counts: { handlers: { mail: { delivered: 1, dead: 0 } } },
		},
	]);
});

test("a record that fails halfway stores neither its entries nor its counts", async () => {
	const lost = entry();
	const page = await pageOf([lost]);
	const failing = { events: { split: 1n }, handlers: {} };
	await expect(
		(async () => journal.record(page, failing as never, "v1"))(),
	).rejects.toThrow("BigInt");
	const stored = entry();
	await record(stored);
	const { entries } = await journal.search({}, undefined, 10);
	expect(entries.map(({ id }) => id)).toEqual([stored.id]);
	const [minute] = await journal.counts(T0, T0 + 60_000, 60_000);
	expect(minute?.counts.handlers.mail).toMatchObject({ delivered: 1 });
	await evictDurableObject(journal);
	await record(entry());
	expect((await journal.search({}, undefined, 10)).entries).toHaveLength(2);
});
