/** The job that sends events of the journal to one handler: which events, each once, and what an interruption does. */
import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { RefusedError, UnavailableError } from "../../src/event/errors.ts";
import { newId } from "../../src/event/id.ts";
import { NonRetryableError } from "../../src/index.ts";
import type { JobStep, StepResult } from "../../src/jobs/job.ts";
import { startJob } from "../../src/jobs/jobs.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry } from "../../src/journal/entry.ts";
import type { Journal } from "../../src/journal/journal-object.ts";
import { pageOf } from "../../src/journal/page.ts";
import { PageTable } from "../../src/journal/page-table.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { objectPort } from "../../src/platform/bindings.ts";
import type { JournalStore } from "../../src/ports.ts";
import { call, installKeys } from "../support/http.ts";
import { read } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => {
	behaviours.clear();
	vi.useRealTimers();
});

const wait = { timeout: 20_000, interval: 20 };
const objects = exports as unknown as {
	DeadLetters: DurableObjectNamespace<DeadLetters>;
	Journal: DurableObjectNamespace<Journal>;
};

let number = 0;

/** Ports with a journal of their own. */
function portsWith(options: Partial<JournalWriter["options"]> = {}) {
	const name = `deliver-${++number}`;
	const stub = objectPort<JournalStore>("Journal", name, [
		"record",
		"search",
		"list",
		"lives",
		"ids",
		"erase",
		"counts",
	]);
	const store = { ...stub, isDeclared: () => true };
	const all = { record: "all", bodies: "all", maxBytes: 2_048 } as const;
	const journal = new JournalWriter(
		{ ...all, ...options },
		store,
		() => Date.now(),
		() => {},
	);
	const object = objects.Journal.getByName(name);
	const record = async (...entries: Entry[]) =>
		object.record(await pageOf(entries), countsOf(entries), "v1");
	return { ports: recordingPorts({ journal }), record, object };
}

function entryOf(changes: Partial<Entry> = {}, handler = "second"): Entry {
	const at = Date.now();
	return {
		id: newId(at, 4),
		name: "order.placed",
		time: at,
		queuedMs: 1,
		body: "{}",
		tags: { customer: "c42" },
		steps: [{ type: "delivered", at, handler, attempt: 1, startedAt: at }],
		...changes,
	};
}

type Ports = ReturnType<typeof portsWith>["ports"];

const stepOf = (changes: Partial<JobStep> = {}): JobStep => ({
	action: "deliver",
	q: "tag.customer:c42",
	handler: "first",
	by: "oncall",
	startedAt: Date.now(),
	cursor: null,
	...changes,
});

/** Runs a job to its end, as its object does. @param between runs after each step */
async function run(
	step: JobStep,
	ports: Ports,
	between: (result: StepResult) => unknown = () => {},
) {
	const total = {
		done: 0,
		errors: [] as StepResult["errors"][number][],
		skipped: 0,
	};
	let { cursor } = step;
	let isEnd = false;
	while (!isEnd) {
		const result = await runStep({ ...step, cursor }, ports, 0);
		total.done += result.done;
		total.errors.push(...result.errors);
		total.skipped += result.counts?.skipped ?? 0;
		await between(result);
		({ cursor } = result);
		isEnd = cursor === null;
	}
	return total;
}

const sentTo = ({ recorded }: Ports) =>
	recorded.retries.map(({ record }) => read(record));

test("events are sent once each with body and labels, to a handler that did not exist, in a message of their own", async () => {
	const { ports, record } = portsWith();
	const trace = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
	const cloudEvent = { source: "/shop", id: "7" } as never;
	const [mine, other, unheard] = [
		entryOf({ body: '{"n":1}', trace, by: "shop", cloudEvent }),
		entryOf({ tags: { customer: "c1" } }),
		entryOf({ name: "user.joined" }),
	];
	await record(mine, other, unheard);
	// Its retries are in entries of their own, in other parts and on other pages.
	for (let n = 2; n < 5; n++)
		await record({ ...mine, ...(n === 3 && { body: "" }) } as Entry);
	const request = {
		action: "deliver",
		q: "tag.customer:c42",
		handler: "first",
	};
	const dry = { ...request, dryRun: true };
	expect(await startJob(dry, "admin", ports)).toEqual({ count: 1 });
	expect(await run(stepOf(), ports)).toEqual({
		done: 1,
		errors: [],
		skipped: 0,
	});
	const { id, time } = mine;
	expect(sentTo(ports)).toEqual([
		{
			v: 1,
			id,
			name: "order.placed",
			time,
			delay: 0,
			body: { n: 1 },
			tags: { customer: "c42" },
			trace,
			by: "shop",
			cloudEvent,
			delivery: { handler: "first", attempt: 1 },
		},
	]);
	expect(ports.recorded.transitions).toMatchObject([
		{ type: "replayed", id, event: "order.placed", handler: "first" },
	]);
	expect(ports.recorded.events).toEqual([]);
});

test("each event is sent once although entries are appended between the steps, and later events are not sent", async () => {
	const { ports, record } = portsWith();
	const old = Array.from({ length: 450 }, () => entryOf());
	for (let from = 0; from < old.length; from += 90)
		await record(...old.slice(from, from + 90));
	const again = () => old.map((one) => ({ ...one, queuedMs: 2 }));
	// Each event has two entries that match, before the job starts.
	await record(...again().slice(0, 250));
	const later: Entry[] = [];
	const total = await run(stepOf(), ports, async () => {
		// While it runs, old events get a further entry that matches, and new events arrive.
		const batch = [...again().slice(0, 30), entryOf()];
		later.push(batch.at(-1) as Entry);
		await record(...batch);
	});
	expect(total.done).toBe(450);
	expect(later.length).toBeGreaterThan(3);
	const ids = sentTo(ports).map(({ id }) => id);
	expect(ids.toSorted()).toEqual(old.map(({ id }) => id).toSorted());
}, 30_000);

test("an outage in the middle repeats at most the send in flight, and loses no event", async () => {
	const { ports, record } = portsWith({ maxBytes: 65_536 });
	const body = JSON.stringify("x".repeat(20_000));
	const all = Array.from({ length: 130 }, () => entryOf({ body }));
	for (const one of all) await record(one);
	const sends: string[][] = [];
	let calls = 0;
	ports.retriesQueue.sendBatch = async (records) => {
		// Of three sends, two are accepted and their answers are lost, also the first one of a batch.
		sends.push(records.map((one) => read(one).id));
		if (++calls % 3 !== 1) throw new UnavailableError("the queue is down");
	};
	let outages = 0;
	const total = await run(stepOf(), ports, ({ outage }) => {
		if (outage) outages++;
	});
	expect(outages).toBeGreaterThan(1);
	expect(total.done).toBe(130);
	const counts = new Map<string, number>();
	for (const id of sends.flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
	expect(counts.size).toBe(130);
	const repeated = [...counts.values()].filter((count) => count > 1);
	expect(repeated.length).toBeLessThanOrEqual(
		outages * Math.max(...sends.map((ids) => ids.length)),
	);
}, 30_000);

test("after a replay that an outage stopped, only what was not sent yet is sent", async () => {
	const { ports, record } = portsWith();
	const died = () => {
		const at = Date.now();
		const error = { name: "Error", message: "no" };
		const step = { type: "dead", at, handler: "first", attempt: 1, error };
		return entryOf({
			steps: [{ ...step, cause: "exhausted" }] as unknown as Entry["steps"],
		});
	};
	const [dead, ...others] = [died(), died(), entryOf(), entryOf()];
	const all = [dead, ...others] as [Entry, ...Entry[]];
	await record(...all);
	let isDown = true;
	const letterOf = (id: string) => {
		const head = all.find((one) => id.startsWith(one.id)) as Entry;
		return {
			id,
			handler: "first",
			state: "dead",
			replays: 0,
			body: "{}",
			head: { ...head, delay: 0 },
		};
	};
	ports.deadLetters = {
		...ports.deadLetters,
		get: async (id) => letterOf(id) as never,
		claim: async (id) => {
			if (id.startsWith(all[0].id) && isDown)
				throw new UnavailableError("the store is down");
			return { type: "claimed", replay: 1 } as never;
		},
		confirmSent: async () => {},
	};
	const outages: unknown[] = [];
	const total = await run(stepOf(), ports, ({ outage }) => {
		if (outage) outages.push(outage);
		isDown = outages.length < 3;
	});
	expect(outages).toHaveLength(3);
	expect(total).toEqual({ done: 4, errors: [], skipped: 0 });
	expect(
		sentTo(ports)
			.map(({ id }) => id)
			.toSorted(),
	).toEqual(all.map(({ id }) => id).toSorted());
});

test("with onlyIfNeverRan, an event is skipped if any of its entries shows the handler", async () => {
	const { ports, record } = portsWith();
	const at = Date.now();
	const [never, ran, failed, waits, sent] = Array.from({ length: 5 }, () =>
		entryOf(),
	) as [Entry, Entry, Entry, Entry, Entry];
	await record(never, ran, failed, waits, sent);
	const error = { name: "Error", message: "no" };
	const of = ({ id, name, time }: Entry, step: object): Entry =>
		({
			id,
			name,
			time,
			steps: [{ at, handler: "first", ...step }],
		}) as unknown as Entry;
	// They do not match the filter, and are on another page.
	await record(...Array.from({ length: 600 }, () => entryOf({ tags: {} })));
	await record(
		of(ran, { type: "delivered", attempt: 3, startedAt: at }),
		of(failed, { type: "retrying", attempt: 1, error, retryAt: at + 1 }),
		of(waits, { type: "waiting", attempt: 1, reason: "x", retryAt: at + 1 }),
		of(sent, { type: "replayed" }),
	);
	expect(await run(stepOf({ onlyIfNeverRan: true }), ports)).toEqual({
		done: 1,
		errors: [],
		skipped: 4,
	});
	expect(sentTo(ports).map(({ id }) => id)).toEqual([never.id]);
	// A job that is run again finds what the first one sent.
	await record(of(never, { type: "replayed" }));
	expect(await run(stepOf({ onlyIfNeverRan: true }), ports)).toEqual({
		done: 0,
		errors: [],
		skipped: 5,
	});
}, 30_000);

test("with onlyIfNeverRan, an event whose attempts may be on a page that cannot be read is not sent", async () => {
	const { ports, record, object } = portsWith();
	const [clear, hidden] = [entryOf(), entryOf()];
	await record(clear, hidden);
	await runInDurableObject(object, async (_, { storage: { sql } }) => {
		const pages = new PageTable(sql);
		const { tags: __, ...ran } = { ...hidden, queuedMs: 2 };
		const page = await pageOf([ran as Entry]);
		pages.add({ ...page, data: new Uint8Array(5) }, "v2", Date.now());
	});
	const first = await runStep(stepOf({ onlyIfNeverRan: true }), ports, 0);
	expect(first).toMatchObject({
		done: 1,
		counts: { unreadablePages: 1 },
		errors: [
			{
				id: hidden.id,
				reason: expect.stringContaining("leave onlyIfNeverRan out"),
			},
		],
	});
	expect(sentTo(ports).map(({ id }) => id)).toEqual([clear.id]);
	expect(await runStep(stepOf(), ports, 0)).toMatchObject({
		done: 2,
		errors: [],
		counts: { unreadablePages: 1 },
	});
});

test("an event without a whole body is failed with the remedy, and a large one is sent by reference", async () => {
	const { ports, record } = portsWith();
	const { body: _, ...bare } = entryOf();
	const entries = {
		none: { ...bare, id: newId(bare.time, 4) },
		cut: entryOf({ body: '{"te', bodyBytes: 5_000 }),
		large: { ...bare, id: newId(bare.time, 4), reference: "there" },
		expired: { ...bare, id: newId(bare.time, 4), reference: "gone" },
	};
	await ports.payloads.put("there", '"large"', Date.now() + 5);
	await record(...Object.values(entries));
	// No body is loaded only to check that it exists.
	ports.payloads.get = async () => {
		throw new Error("a body was loaded");
	};
	const { done, errors } = await run(stepOf(), ports);
	expect(done).toBe(1);
	expect(sentTo(ports)).toMatchObject([
		{ id: entries.large.id, reference: "there" },
	]);
	expect(ports.recorded.payloads.get("there")?.until).toBeGreaterThan(
		Date.now() + 29 * 86_400_000,
	);
	const reasons = Object.fromEntries(
		errors.map(({ id, reason }) => [id, reason]),
	);
	expect(reasons).toEqual({
		[entries.none.id]: expect.stringContaining('set journal.bodies to "all"'),
		[entries.cut.id]: expect.stringContaining("of 5000 bytes was cut; set"),
		[entries.expired.id]: expect.stringContaining("has expired"),
	});
});

test("a dead letter of the event is replayed, so that it is resolved; one that was discarded is dead again if the handler fails", async () => {
	const fail = () => {
		throw new NonRetryableError("no");
	};
	behaviours.set("load", fail);
	const customer = crypto.randomUUID();
	const tags = { customer };
	const [dead, gone] = await events.publishBatch(
		[1, 2].map((body) => ({ name: "load.one", tags, body })),
	);
	const q = `tag.customer:${customer}`;
	const path = (id = "") => `/v1/dead-letters/${id}:load`;
	const stateIs = (id: string | undefined, state: string) =>
		vi.waitFor(async () => {
			const { json } = await call("GET", path(id));
			expect(json).toMatchObject({ state });
			return json;
		}, wait);
	await stateIs(dead?.id, "dead");
	await stateIs(gone?.id, "dead");
	// A replay of it failed, so that its number is higher than that of a delivery that is no replay.
	await call("POST", `${path(gone?.id)}/replay`);
	await vi.waitFor(async () => {
		const { json } = await call("GET", path(gone?.id));
		expect(json).toMatchObject({ state: "dead", replays: 1 });
	}, wait);
	await call("DELETE", path(gone?.id));
	const deliver = async () => {
		const body = { action: "deliver", q, handler: "load" };
		const { json } = await call("POST", "/v1/jobs", body);
		expect(json.count).toBe(2);
		return vi.waitFor(async () => {
			const job = (await call("GET", `/v1/jobs/${json.id}`)).json;
			expect(job).toMatchObject({ state: "done", handler: "load", done: 2 });
		}, wait);
	};
	const { json: life } = await vi.waitFor(async () => {
		const answer = await call("GET", `/v1/events/${gone?.id}`);
		expect(answer.json).toMatchObject({ state: "discarded" });
		return answer;
	}, wait);
	expect(life.body).toBe("2");
	behaviours.set("load", ({ id }) => (id === gone?.id ? fail() : undefined));
	await deliver();
	await stateIs(dead?.id, "resolved");
	expect(await stateIs(gone?.id, "dead")).toMatchObject({ event: { body: 2 } });
}, 60_000);

test("a request that cannot be carried out is refused at once, with the remedy", async () => {
	const { ports } = portsWith();
	const refused = async (request: object, changed: Ports = ports) => {
		const start = { action: "deliver", q: "since:1h", handler: "first" };
		try {
			await startJob({ ...start, ...request, dryRun: true }, "a", changed);
			return "accepted";
		} catch (error) {
			expect(error).toBeInstanceOf(RefusedError);
			return `${(error as RefusedError).code}: ${(error as Error).message}`;
		}
	};
	expect(await refused({})).toBe("accepted");
	expect(await refused({ handler: undefined })).toContain(
		"handler: it is missing",
	);
	expect(await refused({ handler: "fisrt" })).toBe(
		'unknown_handler: handler: no handler has the id "fisrt"; did you mean first?',
	);
	expect(await refused({ handler: "nothing-like-it" })).toContain(
		"GET /v1/handlers lists all",
	);
	expect(await refused({ q: "" })).toContain("give a filter, or all: true");
	expect(await refused({ q: "state:resolved" })).toContain(
		"does not know resolved",
	);
	expect(await refused({ action: "replay" })).toContain(
		"handler: replay does not use it; leave it out",
	);
	expect(await refused({}, { ...ports, journal: null })).toContain(
		"not_configured: the journal is turned off",
	);
	const { ports: bare } = portsWith({ bodies: "none" });
	expect(await refused({}, bare)).toContain(
		'not_configured: the journal stores no bodies, so no event can be sent again; set journal.bodies to "all"',
	);
	const { ports: failures } = portsWith({ record: "failures" });
	expect(await refused({ onlyIfNeverRan: true }, failures)).toContain(
		"onlyIfNeverRan: the journal records only failures",
	);
	const body = { action: "deliver", q: "since:1h", handler: "none" };
	expect((await call("POST", "/v1/jobs", body)).status).toBe(422);
});

test("a handler that is gone ends the job with the reason, so that other jobs run", async () => {
	const { ports, record } = portsWith();
	await record(entryOf());
	expect(await run(stepOf({ handler: "gone" }), ports)).toMatchObject({
		done: 0,
		errors: [{ id: "gone", reason: expect.anything() }],
	});
});

test("a page that is dropped while the job runs takes only its own events along", async () => {
	const { ports, record, object } = portsWith();
	vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2027, 0, 14, 9) });
	const twice = entryOf();
	await record(twice);
	vi.setSystemTime(Date.now() + 86_400_000);
	const rest = Array.from({ length: 150 }, () => entryOf());
	await record({ ...twice, queuedMs: 2 }, ...rest);
	await run(stepOf(), ports, () =>
		runInDurableObject(object, (_, { storage: { sql } }) => {
			const day = Math.floor(Date.UTC(2027, 0, 14) / 86_400_000);
			sql.exec(`DROP TABLE IF EXISTS pages_v1_${day}`);
		}),
	);
	const ids = sentTo(ports).map(({ id }) => id);
	expect(ids.toSorted()).toEqual(
		[twice, ...rest].map(({ id }) => id).toSorted(),
	);
});
