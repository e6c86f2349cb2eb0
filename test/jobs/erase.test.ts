/** The job that erases one person, over real objects, and what happens next to it meanwhile. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import { NonRetryableError } from "../../src/index.ts";
import type { Jobs } from "../../src/jobs/jobs-object.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry } from "../../src/journal/entry.ts";
import { erasePages } from "../../src/journal/erase.ts";
import type { Journal } from "../../src/journal/journal-object.ts";
import { entriesIn, pageOf } from "../../src/journal/page.ts";
import { PageTable } from "../../src/journal/page-table.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import { portsOf } from "../../src/registration.ts";
import { ScheduleTable } from "../../src/schedule/schedule-table.ts";
import type { Scheduler } from "../../src/schedule/scheduler-object.ts";
import { call, installKeys } from "../support/http.ts";
import { behaviours, events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => {
	behaviours.clear();
	vi.useRealTimers();
});

const wait = { timeout: 20_000, interval: 20 };
const objects = exports as unknown as {
	DeadLetters: DurableObjectNamespace<DeadLetters>;
	Jobs: DurableObjectNamespace<Jobs>;
	Journal: DurableObjectNamespace<Journal>;
	Scheduler: DurableObjectNamespace<Scheduler>;
};
const DAY = 86_400_000;

const get = async (path: string, q: string) =>
	(await call("GET", `/v1/${path}?limit=1000&q=${encodeURIComponent(q)}`)).json;

function ended(id: string) {
	return vi.waitFor(async () => {
		const { json } = await call("GET", `/v1/jobs/${id}`);
		expect(json).toMatchObject({ id, state: "done" });
		return json;
	}, wait);
}

async function erase(q: string, more: object = {}) {
	const body = { action: "erase", q, ...more };
	const { status, json } = await call("POST", "/v1/jobs", body);
	expect(json).toEqual({ count: expect.any(Number), id: expect.any(String) });
	expect(status).toBe(202);
	return { count: json.count, job: await ended(json.id) };
}

/** Everything that the objects store, as text. */
async function stored(): Promise<string> {
	const texts: string[] = [];
	const dump = ({ sql }: DurableObjectStorage) => {
		const tables = sql
			.exec<{ name: string }>(
				"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf*' AND name NOT GLOB 'pages_*'",
			)
			.toArray();
		for (const { name } of tables)
			texts.push(JSON.stringify(sql.exec(`SELECT * FROM ${name}`).toArray()));
	};
	const { DeadLetters, Jobs, Journal, Scheduler } = objects;
	for (const stub of [
		DeadLetters.getByName("dead-letters"),
		Jobs.getByName("jobs"),
		...[0, 1, 2, 3].map((shard) => Scheduler.getByName(`shard-${shard}`)),
	] as DurableObjectStub<Jobs>[])
		await runInDurableObject(stub, (_, { storage }) => dump(storage));
	await runInDurableObject(
		Journal.getByName("journal-0"),
		async (_, { storage }) => {
			const pages = new PageTable(storage.sql);
			for (const day of pages.days())
				for (const { id } of pages.summaries(day, 1e9, 1e6))
					texts.push(
						JSON.stringify(await entriesIn(pages.data(day, id) as Uint8Array)),
					);
		},
	);
	return texts.join("\n");
}

/** Publishes something for each store. Returns when all have it. */
async function live(customer: string) {
	const tags = { customer };
	const [soon] = await events.publishBatch(
		["a", "x".repeat(150_000)].map((body) => ({
			name: "erase.later",
			after: "1 day",
			tags,
			body: { customer, body },
		})),
	);
	await events.publish("order.placed", { tags }, { customer });
	const dead = await events.publish("load.one", { tags }, { customer });
	const waiting = await events.publish("long.wait", { tags }, { customer });
	const q = `tag.customer:${customer}`;
	await vi.waitFor(async () => {
		expect((await get("dead-letters", q)).count).toBe(1);
		expect((await get("deliveries", q)).deliveries).toHaveLength(1);
		expect((await get("events", q)).events).toHaveLength(5);
	}, wait);
	return { q, soon: soon?.id ?? "", dead: dead.id, waiting: waiting.id };
}

test("a job erases one person from every store, and touches nobody else", async () => {
	behaviours.set("load", ({ body }) => {
		throw new NonRetryableError(`no card of ${JSON.stringify(body)}`);
	});
	behaviours.set("long", ({ body }) => {
		throw new Error(`no answer for ${JSON.stringify(body)}`);
	});
	const [person, other] = [crypto.randomUUID(), crypto.randomUUID()];
	const mine = await live(person);
	const others = await live(other);
	const earlier = { action: "replay", q: `name:none.* ${mine.q}` };
	await ended((await call("POST", "/v1/jobs", earlier)).json.id);
	expect(await stored()).toContain(person);

	const dry = { action: "erase", q: mine.q, dryRun: true };
	expect((await call("POST", "/v1/jobs", dry)).json).toEqual({ count: 9 });
	const { count, job } = await erase(mine.q);
	expect(count).toBe(9);
	expect(job).toMatchObject({
		q: "tag.customer:…",
		done: 9,
		failed: 0,
		counts: {
			scheduled: 2,
			deliveries: 1,
			deadLetters: 1,
			entries: 5,
			payloads: 1,
		},
	});
	expect(job.remaining).toEqual({
		queues: expect.closeTo(job.endedAt + 14 * DAY, -5),
		payloads: expect.closeTo(job.endedAt + 30 * DAY, -5),
	});

	// Nothing stored has the value any more, not even the jobs.
	expect(await stored()).not.toContain(person);
	const life = (await call("GET", `/v1/events/${mine.dead}`)).json;
	expect(life).toMatchObject({
		name: "load.one",
		erasedAt: expect.any(Number),
		state: "discarded",
		deliveries: [
			{
				handler: "load",
				attempts: [
					{
						cause: "non_retryable",
						error: { name: "NonRetryableError", message: "erased" },
					},
					{ state: "discarded" },
				],
			},
		],
	});
	expect(life).not.toHaveProperty("body");
	expect(life).not.toHaveProperty("tags");
	const letter = `/v1/dead-letters/${mine.dead}:load`;
	expect((await call("GET", letter)).status).toBe(404);
	expect(await events.cancel(mine.soon)).toBe(false);
	expect((await get("deliveries", `id:${mine.waiting}`)).deliveries).toEqual(
		[],
	);

	// Everything of the other person is as it was.
	expect((await get("dead-letters", others.q)).deadLetters).toMatchObject([
		{ event: { tags: { customer: other } }, preview: expect.anything() },
	]);
	expect((await get("deliveries", others.q)).deliveries).toHaveLength(1);
	expect((await get("events", others.q)).events).toHaveLength(5);
	expect(await events.cancel(others.soon)).toBe(true);

	// Again: there is nothing left.
	expect(await erase(mine.q)).toMatchObject({
		count: 0,
		job: { done: 0, state: "done" },
	});
}, 60_000);

test("an event that is published after the start of the job stays, and is delivered", async () => {
	const tags = { customer: crypto.randomUUID() };
	const options = { after: "1 day", tags };
	const old = await events.publish("erase.later", options, 1);
	const startedAt = Date.now();
	await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(startedAt));
	const q = `tag.customer:${tags.customer}`;
	const ids: string[] = [];
	let cursor: string | null = null;
	do {
		ids.push((await events.publish("erase.later", options, 2)).id);
		const step = {
			action: "erase" as const,
			q,
			by: "dpo",
			startedAt,
			cursor,
		};
		({ cursor } = await runStep(step, portsOf(events), 0));
	} while (cursor !== null);
	expect(ids.length).toBeGreaterThan(5);
	expect(await events.cancel(old.id)).toBe(false);
	for (const id of ids) expect(await events.cancel(id)).toBe(true);
});

test("with until, events that were published later stay", async () => {
	const tags = { customer: crypto.randomUUID() };
	const options = { after: "1 day", tags };
	const first = await events.publish("erase.later", options, 1);
	const until = new Date(first.time + 1).toISOString();
	await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(first.time + 1));
	const second = await events.publish("erase.later", options, 2);
	const q = `tag.customer:${tags.customer} until:${until}`;
	expect((await erase(q)).job).toMatchObject({
		// The row and its entry in the journal.
		done: 2,
		q: `tag.customer:… until:${until}`,
	});
	expect(await events.cancel(first.id)).toBe(false);
	expect(await events.cancel(second.id)).toBe(true);
});

function entryOf(customer: string, changes: Partial<Entry> = {}): Entry {
	const now = Date.now() - 1_000;
	return {
		id: crypto.randomUUID(),
		name: "order.paid",
		time: now,
		tags: { customer },
		body: `{"customer":"${customer}"}`,
		steps: [{ type: "delivered", at: now, handler: "mail", attempt: 1 }],
		...changes,
	};
}
const recordTo = async (
	journal: DurableObjectStub<Journal>,
	...entries: Entry[]
) => journal.record(await pageOf(entries), countsOf(entries), "v1");
const erasureOf = (value: string) => ({
	key: "customer",
	value,
	before: Date.now(),
});

test("a batch that is appended to a page while it is rewritten is not lost", async () => {
	const journal = objects.Journal.getByName("erase-append");
	const first = [entryOf("c42"), entryOf("c1")];
	const appended = [entryOf("c42"), entryOf("c2")];
	await recordTo(journal, ...first);
	const page = await pageOf(appended);
	await runInDurableObject(journal, async (_, { storage: { sql } }) => {
		const pages = new PageTable(sql);
		const data = pages.data.bind(pages);
		let reads = 0;
		pages.data = (day, id) => {
			const read = data(day, id);
			// After the read and before the write, where the compression awaits.
			if (++reads === 1) pages.add(page, "v1", Date.now());
			return read;
		};
		const erasure = erasureOf("c42");
		const payloads = { delete: async () => false };
		expect(
			await erasePages(erasure, undefined, false, pages, payloads),
		).toEqual({ entries: 2, payloads: 0, unreadable: [] });
		expect(reads).toBe(2);
		const [day = 0] = pages.days();
		const [summary] = pages.summaries(day, 1e9, 10);
		expect(summary).toMatchObject({ id: 1, count: 4 });
		const entries = await entriesIn(data(day, 1) as Uint8Array);
		expect(entries.map(({ id }) => id)).toEqual(
			[...first, ...appended].map(({ id }) => id),
		);
		expect(entries.map(({ tags }) => tags?.customer)).toEqual([
			undefined,
			"c1",
			undefined,
			"c2",
		]);
	});
	const found = await journal.search(
		{ tags: { customer: "c2" } },
		undefined,
		10,
	);
	expect(found.entries).toEqual([appended[1]]);
});

test("erasing while batches arrive loses no entry, and keeps the filter free of the tag", async () => {
	const journal = objects.Journal.getByName("erase-busy");
	const all = Array.from({ length: 200 }, (_, n) =>
		entryOf(n % 4 === 0 ? "c42" : `c${n}`),
	);
	for (const one of all.slice(0, 100)) await recordTo(journal, one);
	const erasing = [1, 2, 3].map(() =>
		journal.erase(erasureOf("c42"), undefined, false),
	);
	await Promise.all(all.slice(100).map((one) => recordTo(journal, one)));
	await Promise.all(erasing);
	await journal.erase(erasureOf("c42"), undefined, false);
	const { entries } = await journal.search({}, undefined, 1_000);
	expect(entries.map(({ id }) => id).toSorted()).toEqual(
		all.map(({ id }) => id).toSorted(),
	);
	for (const { id, tags } of entries) {
		const { tags: before } = all.find((one) => one.id === id) as Entry;
		expect(tags).toEqual(before?.customer === "c42" ? undefined : before);
	}
	const again = await journal.erase(erasureOf("c42"), undefined, true);
	expect(again).toEqual({ counts: { entries: 0 }, payloads: 0, errors: [] });
	await recordTo(journal, entryOf("c7"));
	await runInDurableObject(journal, (_, { storage: { sql } }) => {
		const pages = new PageTable(sql);
		const [{ bloom, keys } = { bloom: null, keys: 0 }] = pages.summaries(
			pages.days()[0] ?? 0,
			1e9,
			1,
		);
		expect(bloom?.some((byte) => byte > 0)).toBe(true);
		expect(keys).toBeGreaterThan(0);
	});
}, 30_000);

test("a page that cannot be read and a day of another version are reported with their end", async () => {
	const journal = objects.Journal.getByName("erase-unreadable");
	await recordTo(journal, entryOf("c42"));
	const today = Math.floor(Date.now() / DAY);
	await runInDurableObject(journal, (_, { storage: { sql } }) => {
		sql.exec(`UPDATE pages_v1_${today} SET data = x'00000005ffffffffff'`);
		sql.exec(`CREATE TABLE pages_v9_${today} (anything TEXT)`);
	});
	setObjectContext({ journalRetention: 7 * DAY });
	expect(await journal.erase(erasureOf("c42"), undefined, false)).toEqual({
		counts: { entries: 0 },
		payloads: 0,
		errors: [
			{
				id: `journal page 1 of ${new Date().toISOString().slice(0, 10)}`,
				reason: "it cannot be read; it is deleted with its day",
			},
		],
		keptUntil: (today + 8) * DAY,
	});
});

test("a page whose row cannot be read is skipped and reported", async () => {
	const journal = objects.Journal.getByName("erase-throwing");
	await recordTo(journal, entryOf("c42"));
	await runInDurableObject(journal, async (_, { storage: { sql } }) => {
		const pages = new PageTable(sql);
		pages.data = () => {
			throw new Error("database disk image is malformed");
		};
		const payloads = { delete: async () => false };
		expect(
			await erasePages(erasureOf("c42"), undefined, false, pages, payloads),
		).toMatchObject({ entries: 0, unreadable: [{ id: 1 }] });
	});
});

test("a job that is reset after each step erases everything, and its counts never decrease", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const jobs = objects.Jobs.getByName("erase-resets");
	const tags = { customer: crypto.randomUUID() };
	const ids: string[] = [];
	for (let n = 0; n < 20; n++)
		ids.push((await events.publish("x.y", { after: "1 day", tags }, n)).id);
	vi.setSystemTime(Date.now() + 1_000);
	let isCut = false;
	setObjectContext({
		runJobStep: async (step) => {
			const result = await runStep(step, portsOf(events), 0);
			// Erased, but its end is not stored.
			if (isCut) throw new Error("the object was reset");
			return result;
		},
	});
	const q = `tag.customer:${tags.customer}`;
	const job = { id: "j1", action: "erase", q, count: 20, by: "a" } as const;
	await jobs.start(job);
	let done = 0;
	let state = "running";
	for (let n = 0; state === "running"; n++) {
		isCut = n % 2 === 1;
		vi.setSystemTime(Date.now() + 2_000);
		await runDurableObjectAlarm(jobs);
		await evictDurableObject(jobs);
		const now = await jobs.get("j1");
		expect(now?.done).toBeGreaterThanOrEqual(done);
		done = now?.done ?? 0;
		state = now?.state ?? "";
	}
	for (const id of ids) expect(await events.cancel(id)).toBe(false);
	expect(await jobs.get("j1")).toMatchObject({
		state: "done",
		q: "tag.customer:…",
		remaining: { queues: expect.any(Number) },
	});
});

test("a job that still runs when an erasure ends loses the value when it ends, too", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const jobs = objects.Jobs.getByName("erase-running");
	setObjectContext({
		runJobStep: async () => ({ done: 0, errors: [], cursor: null }),
	});
	const job = { count: 0, by: "a" };
	const replay = { ...job, action: "replay" } as const;
	const q = "tag.customer:c42";
	await jobs.start({ ...job, id: "j1", action: "erase", q });
	await jobs.start({ ...replay, id: "j2", q: `name:a.* ${q}` });
	await jobs.start({ ...replay, id: "j3", q: "tag.customer:c421" });
	await runDurableObjectAlarm(jobs);
	expect(await jobs.get("j1")).toMatchObject({
		state: "done",
		q: "tag.customer:…",
	});
	expect(await jobs.get("j2")).toMatchObject({
		state: "running",
		q: `name:a.* ${q}`,
	});
	await evictDurableObject(jobs);
	expect(await jobs.stop("j2")).toBe(true);
	expect(await jobs.get("j2")).toMatchObject({ q: "name:a.* tag.customer:…" });
	expect(await jobs.stop("j3")).toBe(true);
	expect(await jobs.get("j3")).toMatchObject({ q: "tag.customer:c421" });
});

test("a row that is on its way to its queue is not cancelled", async () => {
	const shard = objects.Scheduler.getByName("erase-claimed");
	await runInDurableObject(shard, (_, { storage }) => {
		const table = new ScheduleTable(storage);
		const now = Date.now();
		const rowOf = (dueAt: number) => {
			const id = newId(now - 10, 1);
			const tags = { customer: "c42" };
			const head = { id, name: "a.b", time: now - 10, delay: 1 };
			const record = encodeEvent(head, { text: "1" }, { tags });
			const row = { id, handler: "", name: "a.b", version: 0 };
			return { ...row, dueAt, reference: null, record };
		};
		const [due, later] = [rowOf(now - 1), rowOf(now + DAY)];
		table.store([due, later]);
		const start = { id: "", handler: "" };
		const found = () =>
			table.erasure.find(erasureOf("c42"), start).found.map(({ id }) => id);
		expect(found().toSorted()).toEqual([due.id, later.id].toSorted());
		expect(table.claim("events", now)).toHaveLength(1);
		expect(found()).toEqual([later.id]);
		expect(table.erasure.find(erasureOf("c42"), start).claimed).toMatchObject([
			{ id: due.id },
		]);
		// It was found before it was claimed.
		expect(table.erasure.cancel(due, now)).toBe(false);
		expect(table.erasure.cancel(later, now)).toBe(true);
		expect(table.claim("events", now)).toMatchObject([{ id: due.id }]);
	});
});

test("a row whose flush has failed is reported, and is looked for again until it has left", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const shard = objects.Scheduler.getByName("shard-0");
	const { queues } = portsOf(events);
	const state = { isDown: true };
	const sendBatch = async () => {
		if (state.isDown) throw new Error("the queue is down");
	};
	const queue = { ...queues.events(), sendBatch };
	setObjectContext({ queues: { ...queues, events: () => queue } });
	const now = Date.now();
	const head = { id: newId(now, 0), name: "a.b", time: now - 10, delay: 1 };
	const tags = { customer: "c42" };
	const record = encodeEvent(head, { text: "1" }, { tags });
	const row = { id: head.id, handler: "", name: "a.b", version: 0, record };
	await shard.store([{ ...row, dueAt: now - 1, reference: null }]);
	const flush = async () => {
		vi.setSystemTime(Date.now() + 62_000);
		await runDurableObjectAlarm(shard);
	};
	await flush();
	setObjectContext({
		runJobStep: (step) => runStep(step, portsOf(events), 0),
	});
	const jobs = objects.Jobs.getByName("erase-failed-flush");
	const q = "tag.customer:c42";
	await jobs.start({ id: "j1", action: "erase", q, count: 1, by: "a" });
	const runFor = async (times: number) => {
		for (let n = 0; n < times; n++) {
			vi.setSystemTime(Date.now() + 2_000);
			await runDurableObjectAlarm(jobs);
		}
		return jobs.get("j1");
	};
	expect(await runFor(20)).toMatchObject({
		state: "running",
		done: 0,
		failed: 1,
		errors: [{ id: head.id, reason: expect.stringContaining("on its way") }],
	});
	state.isDown = false;
	await flush();
	expect(await runFor(20)).toMatchObject({
		state: "done",
		failed: 0,
		errors: [],
	});
	setObjectContext({ queues });
});

test("a filter that is not exactly one tag is refused with the reason", async () => {
	for (const [q, detail] of [
		["", "q: it is empty, so erase would act on everything"],
		["name:order.** tag.customer:c42", "erase does not use name; give exactly"],
		["tag.customer:c42 since:2h", "erase does not use since"],
		["tag.customer:c42 state:dead", "erase does not use state"],
		["tag.customer:c42 tag.plan:pro", "q: it has several tags; give exactly"],
		["until:2h", "q: it has no tag; give exactly one tag"],
	] as const) {
		const body = { action: "erase", q };
		const { status, json } = await call("POST", "/v1/jobs", body);
		expect({ q, status, detail: json.detail }).toEqual({
			q,
			status: 400,
			detail: expect.stringContaining(detail),
		});
	}
	const all = { action: "erase", all: true };
	expect((await call("POST", "/v1/jobs", all)).json.detail).toContain("no tag");
	const start = { action: "erase", q: "tag.customer:none" };
	for (const key of ["read", "publish"] as const)
		expect((await call("POST", "/v1/jobs", start, { key })).status).toBe(403);
});
