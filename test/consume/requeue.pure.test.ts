import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
	type Carrying,
	enqueueFirstAttempts,
	enqueueRetry,
	hold,
	park,
	toDelaySeconds,
} from "../../src/consume/requeue.ts";
import { encodeEvent, turnedInto } from "../../src/event/encode.ts";
import {
	decode,
	laneOf,
	type ReceivedEvent,
} from "../../src/event/envelope.ts";
import { QUEUE_WAIT } from "../../src/event/limits.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";

const NOW = 1_000_000;
const head = { id: "e1", name: "order.placed", time: 1_000, delay: 0 };
const event = decode(encodeEvent(head, { text: '{"n":1}' })) as ReceivedEvent;
const large = decode(encodeEvent(head, { reference: "kept" })) as ReceivedEvent;

const delivery = { handler: "audit", attempt: 3 };
const error = { name: "Error", message: "closed" };
const next = (wait: number) => ({ delivery, wait, error });

/** The row in which a delivery waits. */
const rowAt = (wait: number, of = event): ScheduledRow => ({
	id: "e1",
	handler: "audit",
	name: "order.placed",
	dueAt: NOW + wait,
	version: 3,
	reference: of === large ? "kept" : null,
	record: turnedInto(of.text, { delivery }),
});

const retrying = (wait: number) => ({
	type: "retrying",
	at: NOW,
	id: "e1",
	event: "order.placed",
	handler: "audit",
	attempt: 2,
	error,
	retryAt: NOW + wait,
});

let sent: unknown[];
let held: ScheduledRow[];
let kept: unknown[];
let seen: Transition[];
let ports: Carrying;

beforeEach(() => {
	[sent, held, kept, seen] = [[], [], [], []];
	ports = {
		retries: {
			send: async (...args) => void sent.push(args),
			sendBatch: async () => {},
		},
		lanes: new Map(),
		scheduler: { store: async (rows) => void held.push(...rows) },
		payloads: { keep: async (key) => void kept.push(key) },
		clock: () => NOW,
		observe: (transition) => void seen.push(transition),
	};
});
afterEach(() => vi.restoreAllMocks());

test("a wait counts in whole seconds, and is never cut short", () => {
	expect([0, 1, 1_000, 1_001].map(toDelaySeconds)).toEqual([0, 1, 1, 2]);
	fc.assert(
		fc.property(fc.nat(QUEUE_WAIT), (wait) => {
			const seconds = toDelaySeconds(wait);
			expect(seconds * 1_000).toBeGreaterThanOrEqual(wait);
			expect((seconds - 1) * 1_000).toBeLessThan(wait || 1);
		}),
	);
});

describe("a delivery that failed travels on", () => {
	test.for([1_500, QUEUE_WAIT])(
		"in the retries queue where it waits %i ms",
		async (wait) => {
			await enqueueRetry(event, next(wait), ports);
			const record = turnedInto(event.text, { delivery });
			expect(sent).toEqual([[record, Math.ceil(wait / 1_000)]]);
			expect(held).toEqual([]);
			expect(seen).toEqual([retrying(wait)]);
		},
	);

	test("in the scheduler where it waits longer than a queue may", async () => {
		await enqueueRetry(event, next(QUEUE_WAIT + 1), ports);
		expect(sent).toEqual([]);
		expect(held).toEqual([rowAt(QUEUE_WAIT + 1)]);
		expect(seen).toEqual([retrying(QUEUE_WAIT + 1)]);
	});

	test("in the scheduler where the queue does not take it, and that is logged", async () => {
		const log = vi.spyOn(console, "error").mockImplementation(() => {});
		const full = new Error("Queue is overloaded");
		ports.retriesQueue.send = async () => {
			throw full;
		};
		await enqueueRetry(event, next(1_500), ports);
		expect(held).toEqual([rowAt(1_500)]);
		expect(seen).toEqual([retrying(1_500)]);
		expect(log.mock.calls).toEqual([
			["tidings: the retries queue took no delivery", full],
		]);
	});

	test("not at all where nobody takes it: that is thrown, and nobody is told of a retry", async () => {
		vi.spyOn(console, "error").mockImplementation(() => {});
		const down = async () => {
			throw new Error("down");
		};
		ports.retriesQueue.send = down;
		ports.scheduler.store = down;
		await expect(enqueueRetry(event, next(1_500), ports)).rejects.toThrow(
			"down",
		);
		expect(seen).toEqual([]);
	});

	test("with its large body, which is kept for it either way", async () => {
		await enqueueRetry(large, next(1_500), ports);
		expect(kept).toEqual(["kept"]);
		await hold(large, next(1_500), ports);
		expect(kept).toEqual(["kept", "kept"]);
		expect(held).toEqual([rowAt(1_500, large)]);
	});
});

test("a delivery that moves to the scheduler waits there until its time", async () => {
	await hold(event, next(90_000), ports);
	expect(sent).toEqual([]);
	expect(held).toEqual([rowAt(90_000)]);
	expect(seen).toEqual([retrying(90_000)]);
});

test("a delivery that nobody here can run waits at the attempt that it has", async () => {
	await park(event, delivery, 60_000, "no deploy has it", ports);
	expect(held).toEqual([rowAt(60_000)]);
	expect(seen).toEqual([
		{
			type: "waiting",
			at: NOW,
			id: "e1",
			event: "order.placed",
			handler: "audit",
			attempt: 3,
			reason: "no deploy has it",
			retryAt: NOW + 60_000,
		},
	]);
});

describe("a delivery of a lane's event", () => {
	const lane = "bulk";
	const inLane = decode(
		encodeEvent(head, { text: '{"n":1}' }, { lane }),
	) as ReceivedEvent;
	const own: unknown[] = [];

	beforeEach(() => {
		own.length = 0;
		const retries: Carrying["retries"] = {
			send: async (...args) => void own.push(args),
			sendBatch: async (records) => void own.push(records),
		};
		ports.lanes = new Map([[lane, { events: retries, retries }]]);
	});

	test("travels by the lane's retries: once more, first, and where it can only wait there", async () => {
		const record = turnedInto(inLane.text, { delivery });
		await enqueueRetry(inLane, next(1_500), ports);
		await enqueueFirstAttempts(inLane, [delivery], ports);
		ports.scheduler.store = async () => {
			throw new Error("down");
		};
		vi.spyOn(console, "error").mockImplementation(() => {});
		await park(inLane, delivery, 60_000, "no deploy has it", ports);
		expect(own).toEqual([[record, 2], [record], [record, 60]]);
		expect(sent).toEqual([]);
	});

	test("keeps its lane where it waits", async () => {
		await hold(inLane, next(90_000), ports);
		expect(held.map(({ record }) => laneOf(record))).toEqual([lane]);
	});
});
