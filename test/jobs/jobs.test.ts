/** Jobs over real dead letters and scheduled events, through the HTTP API, and what a reset of their object does. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { newId } from "../../src/event/id.ts";
import { startJob } from "../../src/jobs/jobs.ts";
import type { Jobs } from "../../src/jobs/jobs-object.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import { cursorOf } from "../../src/lists/cursor.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import type { Ports } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
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
};
const deadLetters = () => objects.DeadLetters.getByName("dead-letters");

/** Stores dead letters of the handler `load` whose events have this tag. */
async function store(count: number, customer: string): Promise<string[]> {
	const now = Date.now();
	const ids = Array.from({ length: count }, () => newId(now, 4));
	for (let from = 0; from < count; from += 1_000)
		await deadLetters().store(
			ids.slice(from, from + 1_000).map((id) => ({
				id: `${id}:load`,
				handler: "load",
				cause: "exhausted",
				attempts: 1,
				head: {
					id,
					name: "load.one",
					time: now,
					delay: 0,
					tags: { customer },
				},
				body: JSON.stringify({ customer }),
				error: { name: "Error", message: "no" },
				firstFailureAt: now,
				lastFailureAt: now,
			})),
			"v1",
		);
	return ids;
}

const stateOf = async (q: string) =>
	(await call("GET", `/v1/dead-letters?limit=1&q=${encodeURIComponent(q)}`))
		.json.count as number;

function ended(id: string) {
	return vi.waitFor(async () => {
		const { json } = await call("GET", `/v1/jobs/${id}`);
		expect(json).toMatchObject({ id, state: "done" });
		return json;
	}, wait);
}

test("a job replays one customer's dead letters, and no other's", async () => {
	const seen: string[] = [];
	behaviours.set("load", ({ id }) => void seen.push(id));
	const [mine, others] = [crypto.randomUUID(), crypto.randomUUID()];
	const ids = await store(120, mine);
	await store(5, others);
	const q = `tag.customer:${mine} since:1h`;
	expect(
		(await call("POST", "/v1/jobs", { action: "replay", q, dryRun: true }))
			.json,
	).toEqual({ count: 120 });
	const { status, json } = await call("POST", "/v1/jobs", {
		action: "replay",
		q,
	});
	expect({ status, count: json.count }).toEqual({ status: 202, count: 120 });
	expect(await ended(json.id)).toMatchObject({
		action: "replay",
		q,
		count: 120,
		done: 120,
		failed: 0,
		left: 0,
		by: "admin",
		errors: [],
	});
	await vi.waitFor(async () => {
		expect(seen.toSorted()).toEqual(ids.toSorted());
		expect(await stateOf(`state:resolved tag.customer:${mine}`)).toBe(120);
	}, wait);
	expect(await stateOf(`tag.customer:${others}`)).toBe(5);
}, 30_000);

test("a job discards, and one that was stopped does nothing more", async () => {
	const customer = crypto.randomUUID();
	await store(250, customer);
	const q = `tag.customer:${customer}`;
	const { json } = await call("POST", "/v1/jobs", { action: "discard", q });
	await ended(json.id);
	expect(await stateOf(q)).toBe(0);
	expect((await call("DELETE", `/v1/jobs/${json.id}`)).status).toBe(404);
	expect((await call("GET", "/v1/jobs?limit=1")).json).toMatchObject({
		jobs: [{ id: json.id, done: 250 }],
		cursor: expect.any(String),
	});
}, 30_000);

test("a job cancels the scheduled events that match, by their names and due times", async () => {
	const hours = async (name: string, ...due: number[]) => {
		const requests = due.map((n) => ({ name, after: `${n} hours`, body: n }));
		return (await events.publishBatch(requests)).map(({ id }) => id);
	};
	const [first, second] = await hours("job.later", 2, 40);
	const [other] = await hours("other.later", 2);
	const until = new Date(Date.now() + 20 * 3_600_000).toISOString();
	const q = `name:job.* until:${until}`;
	const { json } = await call("POST", "/v1/jobs", { action: "cancel", q });
	expect(json.count).toBe(1);
	expect(await ended(json.id)).toMatchObject({ done: 1 });
	await vi.waitFor(async () => {
		const { json } = await call("GET", `/v1/events/${first}`);
		expect(json.actions).toMatchObject([{ type: "cancelled", by: "admin" }]);
	}, wait);
	expect(await events.cancel(first as string)).toBe(false);
	expect(await events.cancel(second as string)).toBe(true);
	expect(await events.cancel(other as string)).toBe(true);
});

test("a job that cancels leaves events that are published after its start", async () => {
	const options = { after: "2 hours" };
	const before = await events.publish("job.bounded", options, 1);
	const startedAt = Date.now();
	await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(startedAt));
	const after = await events.publish("job.bounded", options, 2);
	const step = { action: "cancel", q: "name:job.bounded" } as const;
	const ports = portsOf(events);
	expect(
		await runStep({ ...step, by: "a", startedAt, cursor: null }, ports, 0),
	).toMatchObject({ done: 1, cursor: null });
	expect(await events.cancel(before.id)).toBe(false);
	expect(await events.cancel(after.id)).toBe(true);
});

test("counting ends after a number of calls, and says that at least so many match", async () => {
	const ports = portsOf(events);
	const calls = { count: 0 };
	const counted = <Answer>(answer: Answer) => {
		calls.count++;
		return answer;
	};
	const position = { dueAt: 1, id: "a", handler: "" };
	const event = { id: newId(1, 0), name: "a.b", time: 1, delay: 1, dueAt: 2 };
	const erased = { counts: { entries: 1 }, payloads: 0, next: "more" };
	const place = { start: [1, 1, 1], from: [1, 1, 1], limit: 1, unreadable: [] };
	const endless = {
		...ports,
		deadLetters: {
			...ports.deadLetters,
			count: async () => counted({ count: 1, cursor: cursorOf([1, "a"]) }),
		},
		scheduler: {
			...ports.scheduler,
			list: async () => counted({ found: [event], end: position }),
			erase: async () => counted(erased),
		},
		journal: {
			options: { record: "all", bodies: "all", maxBytes: 1 },
			store: {
				isDeclared: () => true,
				ids: async () => counted({ ids: [String(calls.count)], next: place }),
			},
		},
	} as unknown as Ports;
	for (const action of ["replay", "discard", "cancel", "deliver", "erase"]) {
		calls.count = 0;
		const request = {
			action,
			q: "tag.customer:c42",
			dryRun: true,
			...(action === "deliver" && { handler: "first" }),
		};
		expect(await startJob(request, "a", endless)).toEqual({
			count: 50,
			atLeast: true,
		});
		expect(calls.count).toBe(50);
	}
});

test("a job has an id of the ports, so that a seed gives the same one again", async () => {
	const ports = portsOf(events);
	const jobs = { ...ports.jobs, start: async () => {} };
	const request = { action: "discard", q: "id:none" };
	const same = { ...ports, jobs, newId: () => "j1" };
	expect(await startJob(request, "a", same)).toEqual({ id: "j1", count: 0 });
});

test("a job without a filter needs all: true, and a wrong one is explained", async () => {
	for (const [body, detail] of [
		[{ action: "replay" }, "q: it is empty, so replay would act on everything"],
		[{ action: "replay", q: " " }, "give a filter, or all: true"],
		[{ action: "rerun", q: "state:dead" }, 'action: "rerun" is unknown; use'],
		[{ action: "replay", q: "state:delivered" }, "use dead, replaying, res"],
		[{ action: "replay", q: "stat:dead" }, 'q: unknown word "stat"'],
		[{ action: "replay", filter: {} }, 'unknown key "filter"'],
	] as const) {
		const { status, json } = await call("POST", "/v1/jobs", body);
		expect({ status, detail: json.detail }).toEqual({
			status: 400,
			detail: expect.stringContaining(detail),
		});
	}
	const start = { action: "discard", q: "id:none" };
	for (const key of ["read", "publish", "none"] as const)
		expect((await call("POST", "/v1/jobs", start, { key })).status).toBe(403);
});

test("a batch that was interrupted is run again, and the claims that it left are replayed a minute later", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const now = Date.now();
	const jobs = objects.Jobs.getByName("interrupted");
	const steps: (string | null)[] = [];
	let isInterrupted = true;
	setObjectContext({
		runJobStep: async ({ cursor }) => {
			steps.push(cursor);
			if (isInterrupted) throw new Error("the store is down");
			return cursor === null
				? { done: 100, errors: [], cursor: "next" }
				: { done: 20, errors: [{ id: "x", reason: "no body" }], cursor: null };
		},
	});
	const job = { id: "j1", action: "replay", q: "state:dead" } as const;
	await jobs.start({ ...job, count: 121, by: "admin" });
	await runDurableObjectAlarm(jobs);
	expect(await jobs.get("j1")).toMatchObject({ state: "running", done: 0 });
	isInterrupted = false;
	await evictDurableObject(jobs);
	for (let n = 0; n < 2; n++) {
		vi.setSystemTime(Date.now() + 2_000);
		await runDurableObjectAlarm(jobs);
	}
	expect(steps).toEqual([null, null, "next"]);
	expect(await jobs.get("j1")).toMatchObject({
		state: "running",
		done: 120,
		failed: 1,
	});
	vi.setSystemTime(now + 120_000);
	while ((await jobs.get("j1"))?.state === "running") {
		vi.setSystemTime(Date.now() + 1_000);
		await runDurableObjectAlarm(jobs);
	}
	expect(steps).toEqual([null, null, "next", null, "next"]);
	expect(await jobs.get("j1")).toMatchObject({
		state: "done",
		failed: 1,
		errors: [{ id: "x", reason: "no body" }],
	});
});

test("a job that cancels rejects words that no scheduled event has: ignored, they would cancel all", async () => {
	const tags = { customer: "c41" };
	const options = { after: "2 hours", tags };
	const { id } = await events.publish("job.kept", options, null);
	for (const word of [
		"handler:mail",
		"cause:exhausted",
		"text:bank",
		"state:dead",
	]) {
		const body = { action: "cancel", q: `name:job.kept ${word}` };
		const { status, json } = await call("POST", "/v1/jobs", body);
		expect({ word, status, detail: json.detail }).toEqual({
			word,
			status: 400,
			detail: expect.stringContaining("id, name, tag.<key>, since and until"),
		});
	}
	for (const [customer, count] of [
		["c41", 1],
		["c42", 0],
	] as const) {
		const q = `id:${id} state:scheduled tag.customer:${customer}`;
		const dry = { action: "cancel", q, dryRun: true };
		expect((await call("POST", "/v1/jobs", dry)).json).toEqual({ count });
		const list = `/v1/scheduled?q=${encodeURIComponent(q)}`;
		expect((await call("GET", list)).json).toEqual({
			scheduled: count ? [expect.objectContaining({ id, tags })] : [],
		});
	}
	expect(await events.cancel(id)).toBe(true);
});

test("a job whose end could not be stored ends at its next alarm", async () => {
	const jobs = objects.Jobs.getByName("unended");
	await runInDurableObject(jobs, async (object, { storage }) => {
		await object.start({
			id: "j1",
			action: "discard",
			q: "name:none.such",
			count: 0,
			by: "oncall",
		});
		const { sql } = storage;
		const { exec } = sql;
		sql.exec = ((query: string, ...bound: unknown[]) => {
			if (query.includes("ended_at = ?")) throw new Error("not now");
			return exec.call(sql, query, ...bound);
		}) as typeof sql.exec;
		await object.alarm();
		expect(await object.get("j1")).toMatchObject({ state: "running" });
		sql.exec = exec;
		vi.setSystemTime(Date.now() + 60_000);
		await object.alarm();
		expect(await object.get("j1")).toMatchObject({ state: "done" });
	});
});

test("a job whose alarm cannot be set does not start, and a look at a job sets one that went missing", async () => {
	const jobs = objects.Jobs.getByName("alarmless");
	const job = {
		id: "j1",
		action: "discard" as const,
		q: "id:none",
		count: 0,
		by: "oncall",
	};
	await runInDurableObject(jobs, async (object, { storage }) => {
		const { setAlarm } = storage;
		storage.setAlarm = async () => {
			throw new Error("not now");
		};
		await expect(object.start(job)).rejects.toThrow("not now");
		storage.setAlarm = setAlarm;
		expect(await object.get("j1")).toBeNull();
		expect(await storage.getAlarm()).toBeNull();

		await object.start(job);
		await storage.deleteAlarm();
		expect(await object.get("j1")).toMatchObject({ state: "running" });
		expect(await storage.getAlarm()).not.toBeNull();
	});
	await vi.waitFor(async () => {
		expect(await jobs.get("j1")).toMatchObject({ state: "done" });
	}, wait);
});

test("a job that waits for expired claims starts over at its time, and stops no other job", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const jobs = objects.Jobs.getByName("waiting");
	const steps: string[] = [];
	let isInterrupted = true;
	setObjectContext({
		runJobStep: async ({ q }) => {
			steps.push(q);
			if (isInterrupted) throw new Error("the store is down");
			return { done: 1, errors: [], cursor: null };
		},
	});
	const job = { action: "replay", count: 1, by: "admin" } as const;
	const alarm = async () => {
		vi.setSystemTime(Date.now() + 2_000);
		await runDurableObjectAlarm(jobs);
	};
	await jobs.start({ ...job, id: "j1", q: "id:first" });
	await alarm();
	isInterrupted = false;
	await alarm();
	await jobs.start({ ...job, id: "j2", q: "id:second" });
	await alarm();
	expect(steps).toEqual(["id:first", "id:first", "id:second"]);
	expect(await jobs.get("j1")).toMatchObject({ state: "running", done: 1 });
	expect(await jobs.get("j2")).toMatchObject({ state: "done" });
	vi.setSystemTime(Date.now() + 61_000);
	for (let n = 0; n < 3; n++) await alarm();
	expect(steps.slice(3)).toEqual(["id:first"]);
	expect(await jobs.get("j1")).toMatchObject({ state: "done" });
});

test("a job that fails each time backs off, and stops no other job", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const jobs = objects.Jobs.getByName("failing");
	const steps: string[] = [];
	let isDown = true;
	setObjectContext({
		runJobStep: async ({ q }) => {
			steps.push(q);
			if (q === "id:failing" && isDown) throw new Error("the store is down");
			return { done: 1, errors: [], cursor: null };
		},
	});
	const job = { action: "replay", count: 1, by: "admin" } as const;
	const alarmAfter = async (ms: number) => {
		vi.setSystemTime(Date.now() + ms);
		await runDurableObjectAlarm(jobs);
	};
	await jobs.start({ ...job, id: "j1", q: "id:failing" });
	await jobs.start({ ...job, id: "j2", q: "id:other" });
	await alarmAfter(1);
	await alarmAfter(1);
	expect(steps).toEqual(["id:failing", "id:other"]);
	expect(await jobs.get("j2")).toMatchObject({ state: "done", done: 1 });
	// The first wait is a second.
	await alarmAfter(500);
	expect(steps).toHaveLength(2);
	await alarmAfter(600);
	expect(steps.slice(2)).toEqual(["id:failing"]);
	isDown = false;
	for (let n = 0; n < 3; n++) await alarmAfter(62_000);
	expect(await jobs.get("j1")).toMatchObject({ state: "done" });
});
