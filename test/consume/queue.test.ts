import { afterEach, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import { NonRetryableError, RetryAfterError } from "../../src/index.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

test("an event whose handlers all succeed is acked, and nothing else is sent", async () => {
	const ports = recordingPorts();
	const message = incoming(record("order.placed"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded).toMatchObject({
		retries: [],
		deadLetters: [],
		rows: [],
	});
	expect(ports.recorded.transitions.map(({ type }) => type)).toEqual([
		"delivered",
		"delivered",
		"delivered",
	]);
});

test("handlers run one after the other in order of registration, each with a copy of its own", async () => {
	const ports = recordingPorts();
	const order: string[] = [];
	for (const id of ["first", "second", "third"])
		behaviours.set(id, async ({ body }) => {
			order.push(`${id} begins with ${(body as { n: number }).n}`);
			(body as { n: number }).n = 99;
			await Promise.resolve();
			order.push(`${id} ends`);
		});
	await consume([incoming(record("order.placed"))], "events", ports);
	expect(order).toEqual([
		"first begins with 1",
		"first ends",
		"second begins with 1",
		"second ends",
		"third begins with 1",
		"third ends",
	]);
});

test("each handler gets the whole event, also the time that only its id tells", async () => {
	const ports = recordingPorts();
	const time = ports.clock() - 5;
	const head = { id: newId(time, 4), name: "order.placed", time, delay: 0 };
	const got: unknown[] = [];
	for (const id of ["first", "second", "third"])
		behaviours.set(id, ({ id, name, time, delay, body }) => {
			got.push({ id, name, time, delay, body });
		});
	const record = encodeEvent(head, { text: '{"n":1}' });
	expect(JSON.parse(record)).not.toHaveProperty("time");
	await consume([incoming(record)], "events", ports);
	const event = { ...head, body: { n: 1 } };
	expect(got).toEqual([event, event, event]);
});

test("a handler that fails neither stops nor repeats the others: only its delivery travels on", async () => {
	const ports = recordingPorts();
	behaviours.set("second", ({ body }) => {
		(body as { n: number }).n = 99;
		throw new Error("no");
	});
	const message = incoming(record("order.placed"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	const [sent, ...more] = ports.recorded.retries;
	expect(more).toEqual([]);
	expect(sent?.delaySeconds).toBe(1);
	expect(read(sent?.record ?? "")).toMatchObject({
		body: { n: 1 },
		delivery: {
			handler: "second",
			attempt: 2,
			firstFailure: { message: "no" },
		},
	});
});

test("an event without handlers is ignored", async () => {
	const ports = recordingPorts();
	const message = incoming(record("nobody.cares"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.transitions).toMatchObject([{ type: "ignored" }]);
});

test("an event that comes a second time is not run but split into one delivery for each handler", async () => {
	const ports = recordingPorts();
	const ran = vi.fn();
	behaviours.set("first", ran);
	const message = incoming(record("order.placed"), { attempts: 2 });
	await consume([message], "events", ports);
	expect(ran).not.toHaveBeenCalled();
	expect(message.verdicts).toEqual(["ack"]);
	expect(
		ports.recorded.retries.map((sent) => read(sent.record).delivery),
	).toEqual([
		{ handler: "first", attempt: 1 },
		{ handler: "second", attempt: 1 },
		{ handler: "third", attempt: 1 },
	]);
	expect(ports.recorded.transitions).toMatchObject([
		{ type: "split", handlers: ["first", "second", "third"] },
	]);
});

test("after twelve minutes no handler begins: the rest go on as deliveries at attempt 1", async () => {
	let now = Date.now();
	const ports = recordingPorts({ clock: () => now });
	behaviours.set("first", () => {
		now += 12 * 60_000;
	});
	const message = incoming(record("order.placed"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(
		ports.recorded.retries.map((sent) => read(sent.record).delivery),
	).toEqual([
		{ handler: "second", attempt: 1 },
		{ handler: "third", attempt: 1 },
	]);
});

test("when neither the retries queue nor the scheduler takes a delivery, the message comes again", async () => {
	const ports = recordingPorts();
	ports.retriesQueue.send = down;
	ports.retriesQueue.sendBatch = down;
	ports.scheduler.store = down;
	behaviours.set("second", () => {
		throw new Error("no");
	});
	const message = incoming(record("order.placed"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual([{ retry: 5 }]);
});

test("when the retries queue takes no delivery, the scheduler holds it until its time", async () => {
	const ports = recordingPorts({ clock: () => 1_000_000 });
	ports.retriesQueue.send = down;
	behaviours.set("second", () => {
		throw new Error("no");
	});
	const message = incoming(record("order.placed"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.rows).toMatchObject([
		{ handler: "second", attempt: 2, dueAt: 1_001_000 },
	]);
});

test("a failed delivery is moved by its message's own retry, at the carried attempt plus its tries", async () => {
	const ports = recordingPorts();
	const seen: number[] = [];
	behaviours.set("ampt", (_, { attempt }) => {
		seen.push(attempt);
		throw new Error("no");
	});
	const delivery = { handler: "ampt", attempt: 7, firstAttemptAt: Date.now() };
	const message = incoming(record("ampt.like", 1, delivery), { attempts: 4 });
	await consume([message], "retries", ports);
	expect(seen).toEqual([10]);
	expect(message.verdicts).toEqual([{ retry: 360 }]);
	expect(ports.recorded).toMatchObject({
		retries: [],
		rows: [],
		deadLetters: [],
	});
});

test.each([
	["its ninetieth try", { attempts: 90 }],
	[
		"a wait that ends more than 12 hours after the send",
		{ sentAt: Date.now() - 11.95 * 3_600_000 },
	],
])("after %s a delivery moves through the scheduler", async (_, sent) => {
	const ports = recordingPorts();
	behaviours.set("ampt", () => {
		throw new Error("no");
	});
	const delivery = { handler: "ampt", attempt: 2, firstAttemptAt: Date.now() };
	const message = incoming(record("ampt.like", 1, delivery), sent);
	await consume([message], "retries", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.rows).toMatchObject([
		{ handler: "ampt", attempt: 2 + (message.attempts - 1) + 1 },
	]);
});

test("a long first wait goes to the scheduler at once", async () => {
	const ports = recordingPorts({ clock: () => 5_000 });
	behaviours.set("long", () => {
		throw new Error("no");
	});
	await consume([incoming(record("long.wait"))], "events", ports);
	expect(ports.recorded.retries).toEqual([]);
	expect(ports.recorded.rows).toMatchObject([
		{ handler: "long", attempt: 2, dueAt: 5_000 + 20 * 3_600_000 },
	]);
});

test("RetryAfterError says when to try next", async () => {
	const ports = recordingPorts();
	behaviours.set("ampt", () => {
		throw new RetryAfterError("busy", "90 seconds");
	});
	const message = incoming(record("ampt.like"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.retries[0]?.delaySeconds).toBeGreaterThanOrEqual(89);
	expect(ports.recorded.retries[0]?.delaySeconds).toBeLessThanOrEqual(90);
});

test.each([
	["an Error", new Error("no"), { cause: "exhausted", attempts: 3 }],
	[
		"a NonRetryableError",
		new NonRetryableError("no"),
		{ cause: "non_retryable", attempts: 1 },
	],
	["a string", "no", { cause: "exhausted", attempts: 3 }],
])(
	"%s thrown to the end becomes a dead letter with the whole event",
	async (_, thrown, ending) => {
		const ports = recordingPorts();
		behaviours.set("first", () => {
			throw thrown;
		});
		const first = { handler: "first", attempt: ending.attempts };
		const message = incoming(
			record("order.placed", { a: ["whole", "body"] }, first),
		);
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const letter = read(ports.recorded.deadLetters[0] ?? "");
		expect(letter).toMatchObject({
			name: "order.placed",
			body: { a: ["whole", "body"] },
			letter: { handler: "first", error: { message: "no" }, ...ending },
		});
		expect(letter.delivery).toBeUndefined();
	},
);

test("the events of a batch run beside each other, 32 at once", async () => {
	const ports = recordingPorts();
	const gate = Promise.withResolvers<void>();
	let running = 0;
	let most = 0;
	behaviours.set("never", async () => {
		most = Math.max(most, ++running);
		await gate.promise;
		running--;
	});
	const messages = Array.from({ length: 100 }, () =>
		incoming(record("never.again")),
	);
	const consumed = consume(messages, "events", ports);
	await vi.waitFor(() => expect(running).toBe(32));
	gate.resolve();
	await consumed;
	expect(most).toBe(32);
	expect(messages.flatMap(({ verdicts }) => verdicts)).toEqual(
		messages.map(() => "ack"),
	);
});
