/** The journal of real queues and objects, read through the HTTP API. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { NonRetryableError } from "../../src/index.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry } from "../../src/journal/entry.ts";
import type { Journal } from "../../src/journal/journal-object.ts";
import { readMetrics } from "../../src/journal/metrics.ts";
import { pageOf } from "../../src/journal/page.ts";
import type { JournalWriter } from "../../src/journal/writer.ts";
import { portsOf } from "../../src/registration.ts";
import { call, installKeys } from "../support/http.ts";
import { behaviours, events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => behaviours.clear());

const wait = { timeout: 10_000, interval: 20 };

/** The life of an event, once its state is this. */
function lifeOf(id: string, state: string) {
	return vi.waitFor(async () => {
		const { status, json } = await call("GET", `/v1/events/${id}`);
		expect(json).toMatchObject({ id, state });
		expect(status).toBe(200);
		return json;
	}, wait);
}

test("the life of a delivered event has each handler's attempt with its times", async () => {
	const { id, time } = await events.publish("order.placed", { orderId: "o1" });
	const life = await lifeOf(id, "delivered");
	expect(life).toEqual({
		id,
		name: "order.placed",
		time,
		state: "delivered",
		at: expect.any(Number),
		queuedMs: expect.any(Number),
		actions: [],
		deliveries: ["first", "second", "third"].map((handler) => ({
			handler,
			state: "delivered",
			attempts: [
				{
					state: "delivered",
					attempt: 1,
					at: expect.any(Number),
					startedAt: expect.any(Number),
				},
			],
		})),
	});
	const [{ attempts }] = life.deliveries;
	expect(attempts[0].startedAt).toBeGreaterThanOrEqual(time);
	expect(attempts[0].at).toBeGreaterThanOrEqual(attempts[0].startedAt);
});

test("a dead event shows its error and its body, and is found by them", async () => {
	const customer = crypto.randomUUID();
	behaviours.set("load", () => {
		throw new NonRetryableError(`no account of ${customer}`);
	});
	const { id } = await events.publish("load.one", { customer });
	const life = await lifeOf(id, "dead");
	expect(life).toMatchObject({
		body: JSON.stringify({ customer }),
		deliveries: [
			{
				handler: "load",
				attempts: [
					{
						state: "dead",
						attempt: 1,
						cause: "non_retryable",
						error: { message: `no account of ${customer}` },
					},
				],
			},
		],
	});
	const q = encodeURIComponent(`state:dead text:${customer} since:5m`);
	const { json } = await call("GET", `/v1/events?q=${q}`);
	expect(json).toMatchObject({ events: [{ id }], unreadable: 0 });
});

test("a scheduled event is in the journal before it is due, and when it was cancelled", async () => {
	const { id, time } = await events.publish(
		"order.later",
		{ after: "1 hour" },
		1,
	);
	expect(await lifeOf(id, "scheduled")).toMatchObject({
		dueAt: time + 3_600_000,
		deliveries: [],
	});
	const labelled = await call(
		"POST",
		"/v1/events",
		{ name: "order.later", after: "1 hour", body: 1, tags: { customer: "c9" } },
		{ key: "orders" },
	);
	expect(await lifeOf(labelled.json.id, "scheduled")).toMatchObject({
		by: "orders",
		tags: { customer: "c9" },
	});
	const q = encodeURIComponent("tag.customer:c9 state:scheduled");
	expect((await call("GET", `/v1/events?q=${q}`)).json.events).toHaveLength(1);
	const after = { after: "2 hours" };
	await call("PATCH", `/v1/scheduled/${id}`, after, { key: "orders" });
	await events.cancel(id);
	expect(await lifeOf(id, "cancelled")).toMatchObject({
		actions: [
			{ type: "rescheduled", at: expect.any(Number), by: "orders" },
			{ type: "cancelled", at: expect.any(Number) },
		],
	});
});

test("an event that no handler matches is ignored", async () => {
	const { id } = await events.publish("nothing.listens", 1);
	expect(await lifeOf(id, "ignored")).toMatchObject({ deliveries: [] });
});

test("a retry is shown with the attempt that failed and the one that did not", async () => {
	behaviours.set("load", (_, { attempt }) => {
		if (attempt === 1) throw new Error("busy");
	});
	const { id } = await events.publish("load.one", 1);
	const life = await lifeOf(id, "delivered");
	expect(life.deliveries).toMatchObject([
		{
			attempts: [
				{ state: "retrying", attempt: 1, error: { message: "busy" } },
				{ state: "delivered", attempt: 2 },
			],
		},
	]);
});

test("the journal is read with the scope read, and a wrong filter is explained", async () => {
	for (const key of ["publish", "none"] as const)
		for (const path of ["/v1/events", "/v1/events/x"])
			expect((await call("GET", path, undefined, { key })).status).toBe(403);
	for (const [query, detail] of [
		["q=stat:dead", 'q: unknown word "stat"; use id, name'],
		["q=state:resolved", "q: state: the journal does not know resolved"],
		["cursor=MTAwJTIwZTE", "cursor: it is not a cursor of this list"],
	] as const) {
		const { status, json } = await call("GET", `/v1/events?${query}`);
		expect(status).toBe(400);
		expect(json.detail).toContain(detail);
	}
	expect((await call("GET", "/v1/events/none")).status).toBe(404);
});

test("an event is found if the clock of its consumer is behind that of its publisher", async () => {
	const { newId, journal, clock } = portsOf(events);
	const time = clock();
	const id = newId(time + 5_000);
	const step = { type: "ignored", at: time } as const;
	const entries = [
		{ id, name: "order.lost", time: time + 5_000, steps: [step] },
	];
	await journal?.store.record(await pageOf(entries), countsOf(entries));
	expect((await call("GET", `/v1/events/${id}`)).json).toMatchObject({
		id,
		state: "ignored",
		at: time,
	});
});

test("the first interval of metrics is whole, although the time that is asked for begins within it", async () => {
	const minute = 60_000;
	const now = Date.UTC(2027, 0, 14, 9) + 30_000;
	const asked: number[][] = [];
	const counts = async (since: number, until: number, step: number) => {
		asked.push([since, until, step]);
		return [];
	};
	const journal = { store: { counts } } as unknown as JournalWriter;
	const readAt = (q: string) => readMetrics(q, { journal, clock: () => now });
	const { since, until, step, intervals } = await readAt("since:2h");
	expect({ since, until, step }).toEqual({
		since: now - 120 * minute - 30_000,
		until: now,
		step: minute,
	});
	expect(asked).toEqual([[since, until, step]]);
	expect(intervals).toHaveLength(121);
	expect(intervals[0]?.at).toBe(since);
	// It begins at 04:00:30.
	const longer = await readAt("since:5h until:2027-01-14T08:59Z");
	expect(longer).toMatchObject({
		step: 5 * minute,
		since: Date.UTC(2027, 0, 14, 4),
	});
});

test("metrics have the failures and the durations of each handler, and every interval", async () => {
	const { newId, journal, clock } = portsOf(events);
	const at = clock();
	const error = { name: "Error", message: "no" };
	const step = (handler: string, change = {}) => ({
		type: "delivered" as const,
		at,
		handler,
		attempt: 1,
		startedAt: at - 30,
		...change,
	});
	const steps = [
		step("metric/a"),
		step("metric/b"),
		step("metric/b"),
		step("metric/b", { type: "dead", cause: "exhausted", error }),
	];
	const one = { id: newId(at), name: "metric.counted", time: at, steps };
	await journal?.store.record(null, countsOf([one as Entry]));
	const q = encodeURIComponent("handler:metric/*");
	const { json } = await call("GET", `/v1/metrics?q=${q}`);
	expect(json).toMatchObject({
		step: 60_000,
		missed: 0,
		handlers: [
			{ handler: "metric/b", delivered: 2, retrying: 0, dead: 1 },
			{ handler: "metric/a", delivered: 1, dead: 0 },
		],
	});
	const [{ median, p99, failures }] = json.handlers;
	for (const ms of [median, p99]) expect(ms).toBeGreaterThan(25);
	expect(p99).toBeLessThanOrEqual(50);
	const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);
	expect(sum(failures)).toBe(1);
	const { intervals } = json;
	expect([60, 61]).toContain(intervals.length);
	expect(failures).toHaveLength(intervals.length);
	expect(
		sum(intervals.map(({ delivered }: { delivered: number }) => delivered)),
	).toBe(3);

	for (const [filter, detail] of [
		["name:a", "metrics are not found by name"],
		["since:1000d", "the time is too long"],
	]) {
		const path = `/v1/metrics?q=${encodeURIComponent(filter as string)}`;
		const { status, json } = await call("GET", path);
		expect({ status, detail: json.detail }).toEqual({
			status: 400,
			detail: expect.stringContaining(detail as string),
		});
	}
	const key = "publish";
	const refused = await call("GET", "/v1/metrics", undefined, { key });
	expect(refused.status).toBe(403);
});

test("the life of an event says that a page which may have more of it cannot be read", async () => {
	const { newId, clock } = portsOf(events);
	const at = clock();
	const entryOf = (type: "ignored" | "cancelled", id: string): Entry => ({
		id,
		name: "page.damaged",
		time: at,
		steps: [{ type, at }],
	});
	const { Journal: namespace } = exports as unknown as {
		Journal: DurableObjectNamespace<Journal>;
	};
	const journal = namespace.getByName("journal-0");
	const data = new Uint8Array([0, 0, 0, 5, 255, 255]);
	// Each version of the Worker has pages of its own, so no other entry is on the damaged one.
	const record = async (entry: Entry, deploy: string, damage = {}) =>
		journal.record(
			{ ...(await pageOf([entry])), ...damage },
			countsOf([entry]),
			deploy,
		);
	const [partial, lost] = [newId(at), newId(at)];
	await record(entryOf("ignored", partial), "whole");
	const path = `/v1/events/${partial}`;
	expect((await call("GET", path)).json).not.toHaveProperty("unreadable");
	await record(entryOf("cancelled", partial), "damaged-1", { data });
	await record(entryOf("cancelled", lost), "damaged-2", { data });
	expect((await call("GET", path)).json).toMatchObject({
		state: "ignored",
		unreadable: 1,
	});
	const missing = await call("GET", `/v1/events/${lost}`);
	expect(missing).toMatchObject({
		status: 404,
		json: { detail: expect.stringContaining("cannot be read") },
	});
});
