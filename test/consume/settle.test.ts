/** Each fate → what is done: the verdict, what is sent and stored where, and what is observed. */
import { describe, expect, test, vi } from "vitest";
import type { Fate, UnreadableFate } from "../../src/consume/decide.ts";
import {
	type IncomingEvent,
	settle,
	type Verdict,
} from "../../src/consume/settle.ts";
import { settleUnreadable } from "../../src/consume/settle-message.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import {
	type Delivery,
	decode,
	type ReceivedEvent,
} from "../../src/event/envelope.ts";
import {
	PAYLOAD_RETENTION,
	QUEUE_WAIT,
	RETRY_WAIT,
} from "../../src/event/limits.ts";
import { versionOf } from "../../src/event/scheduled-row.ts";
import { incoming, read } from "../support/incoming.ts";
import { down, recordingPorts, type TestPorts } from "../support/ports.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const NOW = Date.UTC(2027, 0, 1);
const STARTED = NOW - 5 * SECOND;
const error = { name: "Error", message: "closed" };
const head = { id: "e1", name: "order.placed", time: 1_000, delay: 0 };
const ids = { at: NOW, id: "e1", event: "order.placed", handler: "audit" };

const ACK: Verdict = { type: "ack" };

type Port = "retries queue" | "scheduler" | "dead-letter queue" | "store";

interface Given {
	delivery?: Partial<Delivery>;
	/** How often the message was delivered. */
	attempts?: number;
	/** Time since the message was sent, in milliseconds. */
	age?: number;
	/** Ports that reject. */
	isDown?: Port[];
	/** Whether the body is stored by reference. */
	isLarge?: boolean;
	lane?: string;
}

/** What was done. A table shows only what is not empty. */
interface Act {
	verdict?: Verdict;
	retries?: { delivery?: Delivery; delaySeconds: number }[];
	rows?: object[];
	deadLetters?: object[];
	stored?: object[];
	observed?: object[];
	throws?: true;
}

const DELIVERY = { handler: "audit", attempt: 3 };

function portsWith({ isDown = [] }: Given): TestPorts {
	const ports = recordingPorts({ clock: () => NOW });
	if (isDown.includes("retries queue")) ports.retriesQueue.send = down;
	if (isDown.includes("dead-letter queue")) ports.deadLettersQueue.send = down;
	if (isDown.includes("scheduler")) ports.scheduler.store = down;
	if (isDown.includes("store")) ports.deadLetters.store = down;
	return ports;
}

function eventOf(isOwn: boolean, given: Given): IncomingEvent {
	const { delivery, isLarge, lane, attempts = 1, age = 0 } = given;
	const message = { attempts, timestamp: new Date(NOW - age) };
	const body = isLarge ? { reference: "e1" } : { text: '{"n":1}' };
	const rest = {
		...(lane && { lane }),
		...(isOwn && { delivery: { ...DELIVERY, ...delivery } }),
	};
	const received = decode(encodeEvent(head, body, rest)) as ReceivedEvent;
	return { ...received, message };
}

/** Settles a fate of a delivery that has its own message, or shares the message of its event. */
async function settled(isOwn: boolean, fate: Fate, given: Given): Promise<Act> {
	const ports = portsWith(given);
	ports.recorded.payloads.set("e1", { text: '"large"', until: 0 });
	const delivery = { ...DELIVERY, ...given.delivery };
	const event = eventOf(isOwn, given);
	const verdict = await settle(event, delivery, fate, STARTED, ports).catch(
		() => undefined,
	);
	return { ...(verdict ? { verdict } : { throws: true }), ...done(ports) };
}

function done({ recorded }: TestPorts): Act {
	const act = {
		retries: recorded.retries.map(({ record, delaySeconds }) => ({
			delivery: read(record).delivery,
			delaySeconds,
		})),
		rows: recorded.rows.map(({ record, dueAt, version, handler, id }) => {
			const { delivery, deadLetter } = read(record);
			expect({ id, handler }).toEqual({ id: "e1", handler: "audit" });
			return { delivery: delivery ?? deadLetter, wait: dueAt - NOW, version };
		}),
		deadLetters: recorded.deadLetters.map((record) => {
			const { delivery, deadLetter, body } = read(record);
			expect({ delivery, body }).toEqual({ body: { n: 1 } });
			return deadLetter;
		}),
		stored: recorded.stored.map(({ id: _, head: __, ...rest }) => rest),
		observed: recorded.transitions,
	};
	return Object.fromEntries(
		Object.entries(act).filter(([, all]) => all.length > 0),
	);
}

type ParkReason = (Fate & { type: "park" })["reason"];

const retry = (wait: number): Fate => ({ type: "retry", wait, error });
const park = (wait: number, reason: ParkReason): Fate => ({
	type: "park",
	wait,
	reason,
});
const delivered: Fate = { type: "delivered" };
const cancelled: Fate = { type: "cancelled" };
const dead: Fate = {
	type: "dead",
	cause: "exhausted",
	error,
	attempts: 3,
	wasAttempted: true,
};
const untried: Fate = {
	...dead,
	cause: "unknown_handler",
	attempts: 2,
	wasAttempted: false,
};
const noHandler = park(4 * MINUTE, "unknown_handler");
const noWorker = park(4 * MINUTE, "worker_unreachable");
const noBody = park(MINUTE, "body_unreadable");

/** The next attempt, after the one that failed. */
const next = {
	handler: "audit",
	attempt: 4,
	firstAttemptAt: STARTED,
	firstFailureAt: NOW,
	firstFailure: error,
};
const failure = {
	handler: "audit",
	cause: "exhausted",
	error,
	attempts: 3,
	firstFailureAt: NOW,
	lastFailureAt: NOW,
};

const ended = (type: string) => ({ type, ...ids });
const retrying = (wait: number) => ({
	type: "retrying",
	...ids,
	attempt: 3,
	startedAt: STARTED,
	error,
	retryAt: NOW + wait,
});
const waiting = (wait: number, reason: ParkReason) => ({
	type: "waiting",
	...ids,
	attempt: 3,
	reason,
	retryAt: NOW + wait,
});
const isDead = {
	type: "dead",
	...ids,
	attempt: 3,
	startedAt: STARTED,
	cause: "exhausted",
	error,
};

const redelivered = (wait: number): Verdict => ({
	type: "retry",
	delaySeconds: wait / SECOND,
});
/** The queue redelivers the message itself. */
const retriesMessage = (wait: number): Act => ({
	verdict: redelivered(wait),
	observed: [retrying(wait)],
});
const sends = (wait: number): Act => ({
	verdict: ACK,
	retries: [{ delivery: next, delaySeconds: wait / SECOND }],
	observed: [retrying(wait)],
});
const row = (wait: number, delivery: Delivery) => ({
	delivery,
	wait,
	version: delivery.attempt,
});
const stores = (wait: number, delivery: Delivery = next): Act => ({
	verdict: ACK,
	rows: [row(wait, delivery)],
	observed: [retrying(wait)],
});
const parks = (wait: number, reason: ParkReason, delivery: object): Act => ({
	verdict: ACK,
	rows: [row(wait, { ...DELIVERY, ...delivery })],
	observed: [waiting(wait, reason)],
});
const unknownFor4 = { unknownFor: 4 * MINUTE };
const unreachableFor4 = { unreachableFor: 4 * MINUTE };
const notTried = {
	type: "dead",
	...ids,
	attempt: 2,
	cause: "unknown_handler",
	error,
};
const buries = { verdict: ACK, deadLetters: [failure], observed: [isDead] };
/** Neither observed nor acknowledged: the message must be redelivered. */
const throws: Act = { throws: true };

type Row = [what: string, fate: Fate, given: Given, act: Act];

const waited = { unknownFor: 20 * MINUTE, unreachableFor: HOUR };
const failedBefore = {
	firstAttemptAt: NOW - HOUR,
	firstFailureAt: NOW - HOUR + 5,
	firstFailure: { name: "Error", message: "the first" },
};
const replay = { replay: 2 };
const rejects = (...isDown: Port[]): Given => ({ isDown });

// biome-ignore format: a table
const BOTH: Row[] = [
	["success", delivered, {}, { verdict: ACK, observed: [{ ...ended("delivered"), attempt: 3, startedAt: STARTED }] }],
	["the end of its subscription", cancelled, {}, { verdict: ACK, observed: [ended("cancelled")] }],

	["an unknown handler", noHandler, {}, parks(4 * MINUTE, "unknown_handler", unknownFor4)],
	["an unknown handler, after other waits", noHandler, { delivery: waited }, parks(4 * MINUTE, "unknown_handler", { unknownFor: 24 * MINUTE })],
	["an unresponsive Worker", noWorker, {}, parks(4 * MINUTE, "worker_unreachable", unreachableFor4)],
	["an unresponsive Worker, after other waits", noWorker, { delivery: waited }, parks(4 * MINUTE, "worker_unreachable", { ...waited, unreachableFor: HOUR + 4 * MINUTE })],
	["an unreadable body", noBody, { delivery: waited }, parks(MINUTE, "body_unreadable", waited)],
	["an unreadable subscription", park(MINUTE, "subscription_unreadable"), {}, parks(MINUTE, "subscription_unreadable", {})],

	["a final failure", dead, {}, buries],
	["an end without an attempt, which has no start", untried, {}, { ...buries, deadLetters: [{ ...failure, attempts: 2, cause: "unknown_handler" }], observed: [notTried] }],
	["a final failure after others", dead, { delivery: failedBefore }, { ...buries, deadLetters: [{ ...failure, firstFailureAt: NOW - HOUR + 5 }] }],
	["a final failure of a replay", dead, { delivery: replay }, { ...buries, deadLetters: [{ ...failure, ...replay }] }],
	["a final failure, if the dead-letter queue is down", dead, rejects("dead-letter queue"), { verdict: ACK, stored: [{ ...failure, body: '{"n":1}' }], observed: [isDead] }],
	["a final failure, if its queue and its store are down", dead, rejects("dead-letter queue", "store"), { verdict: ACK, rows: [{ delivery: failure, wait: MINUTE, version: 4 }], observed: [isDead] }],
	["a final failure of a replay, if its queue and its store are down", dead, { delivery: replay, isDown: ["dead-letter queue", "store"] }, { verdict: ACK, rows: [{ delivery: { ...failure, ...replay }, wait: MINUTE, version: versionOf({ attempt: 4, replay: 2 }) }], observed: [isDead] }],
	["a final failure, if queue, store and scheduler are down", dead, rejects("dead-letter queue", "store", "scheduler"), throws],
];

// biome-ignore format: a table
const OWN: Row[] = [
	["a failure", retry(90 * SECOND), {}, retriesMessage(90 * SECOND)],
	["a failure with a wait of 10 minutes", retry(RETRY_WAIT), {}, retriesMessage(RETRY_WAIT)],
	["a failure with a longer wait", retry(RETRY_WAIT + SECOND), {}, stores(RETRY_WAIT + SECOND)],
	["a failure whose retry starts when the message is 12 hours old", retry(MINUTE), { age: QUEUE_WAIT - MINUTE }, retriesMessage(MINUTE)],
	["a failure whose retry would start later", retry(MINUTE), { age: QUEUE_WAIT - MINUTE + 1 }, stores(MINUTE)],
	["a failure of the 89th delivery of the message", retry(MINUTE), { attempts: 89 }, retriesMessage(MINUTE)],
	["a failure of the 90th delivery of the message", retry(MINUTE), { attempts: 90 }, stores(MINUTE)],
	["a failure after others", retry(MINUTE), { attempts: 90, delivery: failedBefore }, stores(MINUTE, { ...next, ...failedBefore })],
	["a failure after a wait for its Worker", retry(MINUTE), { attempts: 90, delivery: waited }, stores(MINUTE)],
	["a failure that the scheduler rejects", retry(6 * MINUTE), { attempts: 95, isDown: ["scheduler"] }, retriesMessage(6 * MINUTE)],
	["a failure with a long wait that the scheduler rejects", retry(HOUR), rejects("scheduler"), retriesMessage(HOUR)],
	["a failure that the scheduler rejects 3 minutes before the message is 12 hours old", retry(6 * MINUTE), { age: QUEUE_WAIT - 3 * MINUTE, isDown: ["scheduler"] }, retriesMessage(3 * MINUTE)],
	["a failure that the scheduler rejects when the message is older", retry(6 * MINUTE), { age: QUEUE_WAIT + HOUR, isDown: ["scheduler"] }, retriesMessage(MINUTE)],
	["an unknown handler that the scheduler rejects", noHandler, rejects("scheduler"), throws],
	["an unresponsive Worker that the scheduler rejects", noWorker, rejects("scheduler"), throws],
];

const parkedInQueue: Act = {
	verdict: ACK,
	retries: [
		{ delivery: { ...DELIVERY, ...unreachableFor4 }, delaySeconds: 240 },
	],
	observed: [waiting(4 * MINUTE, "worker_unreachable")],
};

// biome-ignore format: a table
const SHARED: Row[] = [
	["a failure", retry(90 * SECOND), {}, sends(90 * SECOND)],
	["a failure with a wait of 10 minutes", retry(RETRY_WAIT), {}, sends(RETRY_WAIT)],
	["a failure with a longer wait", retry(RETRY_WAIT + SECOND), {}, stores(RETRY_WAIT + SECOND)],
	["a failure with a wait of 12 hours that the scheduler rejects", retry(QUEUE_WAIT), rejects("scheduler"), sends(QUEUE_WAIT)],
	["a failure that the retries queue rejects", retry(MINUTE), rejects("retries queue"), stores(MINUTE)],
	["a failure that queue and scheduler reject", retry(MINUTE), rejects("retries queue", "scheduler"), throws],
	["a failure with a wait of an hour that queue and scheduler reject", retry(HOUR), rejects("retries queue", "scheduler"), throws],
	["a failure with a longer wait that the scheduler rejects", retry(QUEUE_WAIT + 1), rejects("scheduler"), throws],
	["an unresponsive Worker that the scheduler rejects", noWorker, rejects("scheduler"), parkedInQueue],
	["an unresponsive Worker that queue and scheduler reject", noWorker, rejects("retries queue", "scheduler"), throws],
];

describe("in a message of its own, a delivery settles", () => {
	test.for([...BOTH, ...OWN])("%s", async ([, fate, given, act]) => {
		expect(await settled(true, fate, given)).toEqual(act);
	});
});

describe("in the message of its event, a first attempt settles", () => {
	test.for([...BOTH, ...SHARED])("%s", async ([, fate, given, act]) => {
		expect(await settled(false, fate, given)).toEqual(act);
	});
});

test("a retry has no second place: queue and scheduler never both store it", async () => {
	for (const [isOwn, rows] of [
		[true, OWN],
		[false, SHARED],
	] as const)
		for (const [, fate, given] of rows) {
			const {
				verdict,
				retries = [],
				rows = [],
			} = await settled(isOwn, fate, given);
			const isRedelivered = verdict?.type === "retry";
			expect(
				retries.length + rows.length + Number(isRedelivered),
			).toBeLessThanOrEqual(1);
		}
});

describe("a body that is stored by reference", () => {
	const large = { isLarge: true };

	test.each([
		["in the queue, for the message", true, retry(MINUTE), {}, MINUTE],
		["in the queue", false, retry(MINUTE), {}, MINUTE],
		[
			"in the scheduler, for the message",
			true,
			retry(MINUTE),
			{ attempts: 90 },
			MINUTE,
		],
		["in the scheduler", false, retry(13 * HOUR), {}, 13 * HOUR],
	])(
		"is stored until 30 days after the next attempt that waits %s",
		async (_, isOwn, fate, given, wait) => {
			const ports = portsWith(given);
			ports.recorded.payloads.set("e1", { text: "1", until: 0 });
			const event = eventOf(isOwn, { ...large, ...given });
			await settle(event, DELIVERY, fate, STARTED, ports);
			expect(ports.recorded.payloads.get("e1")?.until).toBe(
				NOW + wait + PAYLOAD_RETENTION,
			);
			for (const { reference } of ports.recorded.rows)
				expect(reference).toBe("e1");
		},
	);

	test("is in the dead letter that is stored without its queue", async () => {
		const given = { ...large, isDown: ["dead-letter queue" as const] };
		expect(await settled(true, dead, given)).toMatchObject({
			stored: [{ body: '"large"' }],
		});
	});

	test("waits in the scheduler with its dead letter, if it cannot be read", async () => {
		const ports = portsWith({ isDown: ["dead-letter queue"] });
		ports.payloads.get = down;
		const event = eventOf(true, large);
		await settle(event, DELIVERY, dead, STARTED, ports);
		expect(ports.recorded).toMatchObject({
			stored: [],
			rows: [{ reference: "e1", version: 4 }],
		});
	});
});

describe("the row of a delivery says why it waits:", () => {
	const waitingOf = async (
		isOwn: boolean,
		fate: Fate,
		given: Given = {},
		tags?: Record<string, string>,
	) => {
		const ports = portsWith(given);
		const event = eventOf(isOwn, given);
		if (tags) event.envelope = { ...event.envelope, tags };
		const delivery = { ...DELIVERY, ...given.delivery };
		await settle(event, delivery, fate, STARTED, ports);
		return ports.recorded.rows.map(({ waiting }) => waiting);
	};

	test.each([true, false])("its last error", async (isOwn) => {
		const { firstFailure, firstAttemptAt } = failedBefore;
		const last = { ...error, stack: "Error: closed\n at x" };
		const fate: Fate = { type: "retry", wait: HOUR, error: last };
		expect(firstFailure.message).not.toBe(error.message);
		expect(await waitingOf(isOwn, fate, { delivery: failedBefore })).toEqual([
			{ state: "retrying", at: NOW, firstAttemptAt, error },
		]);
	});

	test("an error is cut, so that a list has a bounded size", async () => {
		const long = { name: "Error", message: "é".repeat(2_000) };
		const fate: Fate = { type: "retry", wait: HOUR, error: long };
		const [waiting] = await waitingOf(true, fate);
		expect(waiting?.error?.message.length).toBeGreaterThan(400);
		expect(waiting?.error?.message.length).toBeLessThanOrEqual(1_000);
	});

	test("the reason, and the first failure if there was one", async () => {
		expect(await waitingOf(true, noHandler)).toEqual([
			{ state: "waiting", reason: "unknown_handler", at: NOW },
		]);
		const { firstFailure, firstAttemptAt } = failedBefore;
		expect(await waitingOf(true, noWorker, { delivery: failedBefore })).toEqual(
			[
				{
					state: "waiting",
					reason: "worker_unreachable",
					at: NOW,
					firstAttemptAt,
					error: firstFailure,
				},
			],
		);
	});

	test("the tags of its event", async () => {
		const tags = { customer: "c42" };
		expect(await waitingOf(false, retry(HOUR), {}, tags)).toMatchObject([
			{ tags },
		]);
	});

	test("a dead letter on its way to its store is no waiting delivery", async () => {
		const isDown: Port[] = ["dead-letter queue", "store"];
		expect(await waitingOf(true, dead, { isDown })).toEqual([undefined]);
	});
});

test("a delivery stays in the lane of its event, in queue and scheduler", async () => {
	const lane = "bulk";
	const event = eventOf(false, { lane });
	for (const [fate, isDown] of [
		[retry(MINUTE), []],
		[retry(13 * HOUR), []],
		[noWorker, ["scheduler"]],
	] as [Fate, Port[]][]) {
		const ports = portsWith({ isDown });
		const retries = vi.fn(ports.queues.retries);
		ports.queues = { ...ports.queues, retries };
		await settle(event, DELIVERY, fate, STARTED, ports);
		const sent = ports.recorded.retries.map(({ record }) => record);
		const stored = ports.recorded.rows.map(({ record }) => record);
		for (const record of [...sent, ...stored])
			expect(read(record).lane).toBe(lane);
		expect(sent.length + stored.length).toBe(1);
		expect(retries.mock.calls).toEqual(sent.map(() => [lane]));
	}
});

describe("nothing is acknowledged or observed before it is stored:", () => {
	const pending = (ports: TestPorts, gate: Promise<void>) => {
		const { store } = ports.scheduler;
		const { send } = ports.retriesQueue;
		const { send: sendDeadLetter } = ports.deadLettersQueue;
		const { extend } = ports.payloads;
		ports.scheduler.store = async (rows) => gate.then(() => store(rows));
		ports.retriesQueue.send = (...args) => gate.then(() => send(...args));
		ports.deadLettersQueue.send = (text) =>
			gate.then(() => sendDeadLetter(text));
		ports.payloads.extend = (...args) => gate.then(() => extend(...args));
	};

	test.each<[what: string, isOwn: boolean, fate: Fate, given: Given]>([
		["a retry that the queue stores", false, retry(MINUTE), {}],
		["a retry that the scheduler stores", false, retry(13 * HOUR), {}],
		[
			"a retry of a message whose body is extended",
			true,
			retry(MINUTE),
			{ isLarge: true },
		],
		["a parked delivery", true, noHandler, {}],
		["a dead letter", true, dead, {}],
		["a dead letter of a first attempt", false, dead, {}],
	])("%s", async (_, isOwn, fate, given) => {
		const ports = portsWith(given);
		const gate = Promise.withResolvers<void>();
		pending(ports, gate.promise);
		const event = eventOf(isOwn, given);
		let isSettled = false;
		const settling = settle(event, DELIVERY, fate, STARTED, ports);
		settling.then(() => {
			isSettled = true;
		});
		await scheduler.wait(1);
		expect(isSettled).toBe(false);
		expect(done(ports)).toEqual({});
		gate.resolve();
		await settling;
		expect(ports.recorded.transitions).toHaveLength(1);
	});

	test("a body is extended before its retry is stored", async () => {
		for (const isOwn of [true, false]) {
			const ports = portsWith({});
			const order: string[] = [];
			ports.payloads.extend = async () => order.push("extend") > 0;
			ports.scheduler.store = async () => void order.push("store");
			ports.retriesQueue.send = async () => void order.push("send");
			const event = eventOf(isOwn, { isLarge: true, attempts: 90 });
			await settle(event, DELIVERY, retry(MINUTE), STARTED, ports);
			expect(order).toEqual(["extend", isOwn ? "store" : "send"]);
		}
	});
});

describe("a message that this deploy cannot read", () => {
	const text = '{"v":2}';
	const message = incoming(text, { sentAt: NOW - HOUR });
	const unreadable: UnreadableFate = {
		type: "dead",
		cause: "newer_version",
		error,
		attempts: 7,
		wasAttempted: false,
	};

	test("waits in its queue for a newer deploy", async () => {
		const ports = portsWith({});
		const fate = { type: "wait", wait: 10 * MINUTE } as const;
		expect(await settleUnreadable(text, fate, message, ports)).toEqual(
			redelivered(10 * MINUTE),
		);
		expect(done(ports)).toEqual({});
	});

	test("is stored as a dead letter, whose body is the text", async () => {
		const ports = portsWith({});
		expect(await settleUnreadable(text, unreadable, message, ports)).toEqual(
			ACK,
		);
		expect(ports.recorded.stored).toEqual([
			{
				...failure,
				id: `message-${message.id}:`,
				head: {
					id: `message-${message.id}`,
					name: "",
					time: NOW - HOUR,
					delay: 0,
				},
				body: JSON.stringify(text),
				handler: "",
				cause: "newer_version",
				attempts: 7,
				firstFailureAt: NOW - HOUR,
			},
		]);
		expect(ports.recorded.transitions).toMatchObject([{ type: "dead" }]);
	});

	test("is not acknowledged if the store is down", async () => {
		const ports = portsWith({ isDown: ["store"] });
		await expect(
			settleUnreadable(text, unreadable, message, ports),
		).rejects.toThrow();
		expect(done(ports)).toEqual({});
	});
});
