/**
 * A run of the selftest on real queues and objects: what it leaves behind, and what becomes of it if something ends
 * early.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { deadLetterId } from "../../src/event/dead-letter.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import type { Envelope, FinalFailure } from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";
import type { HandlerWorker } from "../../src/handlers/call.ts";
import { createEvents } from "../../src/index.ts";
import { portsOf } from "../../src/registration.ts";
import { absentSelftest } from "../../src/selftest/absent-selftest.ts";
import {
	CLEANUP,
	canaryEvent,
	OPERATOR,
	RUN_TIME,
} from "../../src/selftest/canary.ts";
import { canaryHandlers } from "../../src/selftest/handlers.ts";
import { startSelftest } from "../../src/selftest/start.ts";
import { worker } from "../../src/worker.ts";
import { call, installKeys, keyOf } from "../support/http.ts";
import { incoming } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { events, transitions } from "../support/worker.ts";

beforeAll(installKeys);

const wait = { timeout: 20_000, interval: 50 };
const ports = portsOf(events);
const since = `since:1h`;

const letters = async (run: string, state: string) =>
	(
		await call(
			"GET",
			`/v1/dead-letters?q=tag.selftest:${run} state:${state} ${since}`,
		)
	).json.deadLetters as { id: string; preview: string | null }[];

test("the run cleans up by itself, also if nobody asks for its report: no dead letter, body or scheduled event remains", async () => {
	const started = await call("POST", "/v1/selftest", undefined, {
		key: "admin",
	});
	expect(started).toMatchObject({ status: 202, json: { count: 65 } });
	const { run } = started.json;
	// The dead letters are stored, one was discarded at once, and the replay of the other was delivered.
	await vi.waitFor(async () => {
		expect(await letters(run, "resolved")).toHaveLength(1);
		expect(await letters(run, "discarded")).toHaveLength(1);
	}, wait);
	const large = transitions.find(({ event }) => event === canaryEvent("large"));
	expect(await ports.payloads.get(large?.id as string)).toHaveLength(112_002);

	await ports.scheduler.reschedule(run, Date.now(), "all");
	await vi.waitFor(async () => {
		expect(await letters(run, "discarded")).toHaveLength(2);
		expect(await ports.payloads.get(large?.id as string)).toBeNull();
	}, wait);
	for (const state of ["dead", "replaying", "resolved"])
		expect(await letters(run, state)).toEqual([]);
	for (const { preview } of await letters(run, "discarded"))
		expect(preview).toBeNull();
	const q = `tag.selftest:${run}`;
	const { scheduled } = (await call("GET", `/v1/scheduled?q=${q}`)).json;
	const left = scheduled.filter(
		({ name }: { name: string }) => name !== canaryEvent("scheduled"),
	);
	expect(left).toEqual([]);
	// The journal still has the run.
	const { json } = await call("GET", `/v1/selftest/${run}`);
	expect(json).toMatchObject({ run, delivery: { count: 51 } });
}, 30_000);

/** The record of a canary whose run has ended a second ago. */
function lateRecord(
	name: string,
	rest: Pick<Envelope, "delivery" | "deadLetter" | "resolved"> = {},
): string {
	const time = Date.now() - RUN_TIME - 1_000;
	const head = { id: newId(time, 4), name, time, delay: 0 };
	return encodeEvent(head, { text: "null" }, rest);
}

test("a canary that arrives after its run is dropped, whatever its message carries, so that it leaves no dead letter", async () => {
	const handler = canaryEvent("dead");
	const failure: FinalFailure = {
		handler,
		cause: "exhausted",
		attempts: 1,
		firstFailureAt: 1,
		lastFailureAt: 1,
		error: { name: "Error", message: "no" },
	};
	for (const extension of [ports.extension, absentSelftest]) {
		const recording = recordingPorts({ extension });
		for (const [rest, queue] of [
			[{}, "events"],
			[{ delivery: { handler, attempt: 2 } }, "retries"],
			[{ deadLetter: failure }, "deadLetters"],
			[{ resolved: { handler, replay: 1 } }, "deadLetters"],
			[{}, "deadLetters"],
		] as const) {
			const message = incoming(lateRecord(handler, rest));
			await consume([message], queue, recording);
			expect(message.verdicts).toEqual(["ack"]);
		}
		const { events, retries, deadLetters, rows, stored, transitions } =
			recording.recorded;
		expect([events, retries, deadLetters, rows, stored, transitions]).toEqual(
			Array(6).fill([]),
		);
	}
	expect(
		ports.extension.drops(JSON.parse(lateRecord(CLEANUP)) as Envelope),
	).toBe(false);
});

test("the cleanup is stored before any canary, so that a run that ends while it publishes leaves nothing, too", async () => {
	const recording = recordingPorts();
	recording.eventsQueue.send = down;
	await expect(startSelftest("ci", recording)).rejects.toThrow(
		"the queue for events did not store tidings.selftest.dead: ",
	);
	const [first] = recording.recorded.rows;
	expect(first).toMatchObject({ name: CLEANUP, handler: "" });
	const { id, body, by } = JSON.parse(first?.record as string);
	expect({ id, by }).toEqual({ id: first?.id, by: "ci" });
	expect(body.bodies).toHaveLength(1);

	const none = recordingPorts();
	none.scheduler = { ...none.scheduler, store: down };
	await expect(startSelftest("ci", none)).rejects.toThrow(
		"the scheduler did not store tidings.selftest.cleanup: ",
	);
	expect(none.recorded).toMatchObject({ events: [], rows: [] });
});

test("an operator that was cut off after its replay discards the other dead letter, and replays nothing again", async () => {
	const [dead, replayed] = ["e1", "e2"];
	const ids = [
		deadLetterId(dead as string, canaryEvent("dead")),
		deadLetterId(replayed as string, canaryEvent("replayed")),
	];
	const discarded: string[] = [];
	const states: Record<string, string> = {};
	const recording = recordingPorts();
	recording.deadLetters = {
		...recording.deadLetters,
		get: async (id) =>
			(states[id]
				? { head: { id: "e", name: "n" }, state: states[id] }
				: null) as never,
		claim: async () => expect.unreachable(),
		discard: async (id) => discarded.push(id) > 0,
	};
	const run = canaryHandlers(recording).get(OPERATOR)?.run;
	const operate = async () =>
		run?.({ body: { dead, replayed } } as never, {} as never);
	const [toDiscard, toReplay] = ids as [string, string];
	await expect(operate()).rejects.toThrow("not stored yet");
	states[toReplay] = "dead";
	await expect(operate()).rejects.toThrow("not stored yet");
	states[toReplay] = "replaying";
	states[toDiscard] = "dead";
	await operate();
	expect(discarded).toEqual([toDiscard]);
	// A duplicate, after both.
	delete states[toDiscard];
	states[toReplay] = "resolved";
	await operate();
	expect(discarded).toHaveLength(1);
});

test.each<[string, HandlerWorker["run"], string]>([
	["hangs", () => new Promise(() => {}), "not reached: no answer within 4000"],
	["is no Subscriber", down, "the Worker mail was not reached: Queue is"],
	["reports nothing", async () => {}, "the Worker mail answered nothing"],
])(
	"a bound Worker that %s fails its canary, and the error names it",
	async (_, run, message) => {
		const all = [{ key: "mail", run } as HandlerWorker];
		const recording = recordingPorts({ workers: { all } as never });
		recording.timer = (expire) => {
			const timeout = setTimeout(expire, 20);
			return () => clearTimeout(timeout);
		};
		const handler = canaryHandlers(recording).get(canaryEvent("worker"));
		const event = { id: "e1", name: "n", time: 1, delay: 0 };
		const called = (async () =>
			handler?.run({ ...event, body: { worker: "mail" } }, {} as never))();
		await expect(called).rejects.toThrow(message);
	},
);

test("only the selftest publishes under its names, and no handler can have one", async () => {
	const name = canaryEvent("dead");
	const reserved = {
		code: "invalid_name",
		message: /reserved for the selftest/,
	};
	const refused = await call("POST", "/v1/events", { name });
	expect(refused).toMatchObject({ status: 422, json: { code: reserved.code } });
	for (const publish of [
		() => events.publish(name),
		() => events.publishBatch([{ name }]),
		() => (env as never as Record<string, typeof events>).EVENTS?.publish(name),
	])
		await expect((async () => publish())()).rejects.toThrow(reserved.message);
	expect(() => createEvents().on("tidings.selftest.*", () => {})).toThrow(
		reserved.message,
	);
	const body = { body: 1 };
	await expect(ports.extension.checkReplay(name, body)).rejects.toThrow(
		"cannot be edited",
	);
});

test.each([
	[
		"without selftest()",
		{},
		"this Worker has no selftest; import { selftest }",
	],
	["with selftest: false", { selftest: false }, "this Worker has no selftest"],
] as const)("%s, its routes say what to add", async (_, options, detail) => {
	const own = worker(createEvents(), options);
	for (const [method, path] of [
		["POST", "/v1/selftest"],
		["GET", "/v1/selftest/x"],
	] as const) {
		const headers = { authorization: `Bearer ${keyOf("admin")}` };
		const url = `https://events.test${path}`;
		const request = new Request(url, { method, headers });
		const response = await own.fetch(request as never, env, {} as never);
		expect(await response.json()).toMatchObject({
			status: 501,
			code: "not_configured",
			detail: expect.stringContaining(detail),
		});
	}
	expect(() => worker(createEvents(), { selftest: {} as never })).toThrow(
		"selftest is not the result of selftest()",
	);
});

test("without a journal nothing is published, and the error says what to change", async () => {
	const recording = recordingPorts({ journal: null });
	await expect(startSelftest("ci", recording)).rejects.toMatchObject({
		code: "not_configured",
		message: /remove journal: false/,
	});
	expect(recording.recorded).toMatchObject({ events: [], rows: [] });
});

test("a run that the journal does not know is 404, and a key without admin starts none", async () => {
	for (const run of ["x", newId(Date.now() - 86_400_000, 4)])
		expect((await call("GET", `/v1/selftest/${run}`)).status).toBe(404);
	const denied = await call("POST", "/v1/selftest", undefined, { key: "read" });
	expect(denied.status).toBe(403);
});
