/** A batch: one verdict for each message, and the dispatch of an event to all of its handlers. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import { byteLength } from "../../src/event/json.ts";
import { HandlerRegistry, register } from "../../src/handlers/registry.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts, type TestPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";
import { FakeWorker, owning, waiting } from "../support/worker-binding.ts";

afterEach(() => behaviours.clear());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HANDLERS = ["first", "second", "third"];

function failing(id: string) {
	const run = vi.fn(() => {
		throw new Error("no");
	});
	behaviours.set(id, run);
	return run;
}

const types = ({ recorded }: TestPorts) =>
	recorded.transitions.map(({ type }) => type);
/** The deliveries that were sent to the retries queue. */
const sent = ({ recorded }: TestPorts) =>
	recorded.retries.map(({ record }) => read(record).delivery);
const firstAttempts = (handlers: string[]) =>
	handlers.map((handler) => ({ handler, attempt: 1 }));

/** Makes the ports a consumer's that can store nothing. */
function failToStore(ports: TestPorts): void {
	ports.retriesQueue = { send: down, sendBatch: down };
	ports.scheduler.store = down;
}

/** Ports of a consumer that can store nothing. */
function portsInAnOutage(): TestPorts {
	const ports = recordingPorts();
	failToStore(ports);
	return ports;
}

describe("an event", () => {
	test("whose handlers all succeed is acknowledged, and nothing else is sent", async () => {
		const ports = recordingPorts();
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const nothing = { retries: [], deadLetters: [], rows: [], stored: [] };
		expect(ports.recorded).toMatchObject(nothing);
		expect(types(ports)).toEqual(["delivered", "delivered", "delivered"]);
	});

	test("runs its handlers one after the other in order of registration, each with its own copy", async () => {
		const ports = recordingPorts();
		const order: string[] = [];
		for (const id of HANDLERS)
			behaviours.set(id, async ({ body }) => {
				order.push(`${id} starts with ${(body as { n: number }).n}`);
				(body as { n: number }).n = 99;
				await Promise.resolve();
				order.push(`${id} ends`);
			});
		await consume([incoming(record("order.placed"))], "events", ports);
		expect(order).toEqual(
			HANDLERS.flatMap((id) => [`${id} starts with 1`, `${id} ends`]),
		);
	});

	test("has a time also when only its id contains the time", async () => {
		const ports = recordingPorts();
		const time = ports.clock() - 5;
		const head = { id: newId(time, 4), name: "order.placed", time, delay: 0 };
		const got: unknown[] = [];
		for (const id of HANDLERS)
			behaviours.set(id, ({ id, name, time, delay, body }) => {
				got.push({ id, name, time, delay, body });
			});
		const record = encodeEvent(head, { text: '{"n":1}' });
		expect(JSON.parse(record)).not.toHaveProperty("time");
		await consume([incoming(record)], "events", ports);
		const event = { ...head, body: { n: 1 } };
		expect(got).toEqual([event, event, event]);
	});

	test("is retried only for the handler that failed, as it was published", async () => {
		const ports = recordingPorts();
		behaviours.set("second", ({ body }) => {
			(body as { n: number }).n = 99;
			throw new Error("no");
		});
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(types(ports)).toEqual(["delivered", "retrying", "delivered"]);
		const [retry, ...more] = ports.recorded.retries;
		expect(more).toEqual([]);
		expect(retry?.delaySeconds).toBe(1);
		const firstFailure = { message: "no" };
		expect(read(retry?.record ?? "")).toMatchObject({
			body: { n: 1 },
			delivery: { handler: "second", attempt: 2, firstFailure },
		});
	});

	test("is acknowledged only after the retry of its failed handler is stored", async () => {
		const ports = recordingPorts();
		failing("second");
		const { promise, resolve } = Promise.withResolvers<void>();
		const send = vi.fn(() => promise);
		ports.retriesQueue.send = send;
		const message = incoming(record("order.placed"));
		const consumed = consume([message], "events", ports);
		await vi.waitFor(() => expect(send).toHaveBeenCalled());
		await scheduler.wait(1);
		expect(message.verdicts).toEqual([]);
		resolve();
		await consumed;
		expect(message.verdicts).toEqual(["ack"]);
	});

	test.each([1, 2])(
		"without handlers is ignored at delivery %i, and that is observed",
		async (attempts) => {
			const ports = recordingPorts();
			const message = incoming(record("no.handler"), { attempts });
			await consume([message], "events", ports);
			expect(message.verdicts).toEqual(["ack"]);
			expect(types(ports)).toEqual(["ignored"]);
		},
	);

	test("starts no handler after twelve minutes: each of the rest gets a message, at attempt 1", async () => {
		let now = Date.now();
		const ports = recordingPorts({ clock: () => now });
		behaviours.set("first", () => {
			now += 12 * MINUTE;
		});
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(sent(ports)).toEqual(firstAttempts(["second", "third"]));
	});

	test("is redelivered if neither the retries queue nor the scheduler stores its retry", async () => {
		const ports = portsInAnOutage();
		failing("second");
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
	});

	test("with a body by reference gives each handler its own copy of the body", async () => {
		const ports = recordingPorts();
		const { body: _, ...rest } = read(record("order.placed"));
		ports.recorded.payloads.set(rest.id, { text: '{"n":1}', until: 0 });
		const seen: number[] = [];
		for (const id of HANDLERS)
			behaviours.set(id, ({ body }) => {
				seen.push((body as { n: number }).n);
				(body as { n: number }).n = 99;
			});
		const text = JSON.stringify({ ...rest, reference: rest.id });
		await consume([incoming(text)], "events", ports);
		expect(seen).toEqual([1, 1, 1]);
	});
});

test("a handler that is registered after the first event runs for the next one", async () => {
	const handlers = new HandlerRegistry();
	const ports = recordingPorts({ handlers });
	const run = vi.fn();
	await consume([incoming(record("late.event"))], "events", ports);
	register(handlers, "late.event", [{ id: "late" }, run]);
	await consume([incoming(record("late.event"))], "events", ports);
	expect(types(ports)).toEqual(["ignored", "delivered"]);
	expect(run).toHaveBeenCalledTimes(1);
});

describe("a redelivered event", () => {
	test("runs no handler next to another: it is split into one message for each, at attempt 1", async () => {
		const ports = recordingPorts();
		const ran = vi.fn();
		behaviours.set("first", ran);
		const message = incoming(record("order.placed"), { attempts: 2 });
		await consume([message], "events", ports);
		expect(ran).not.toHaveBeenCalled();
		expect(message.verdicts).toEqual(["ack"]);
		expect(sent(ports)).toEqual(firstAttempts(HANDLERS));
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "split", handlers: HANDLERS },
		]);
	});

	test("is split into deliveries of its lane, in the retries queue and in the scheduler", async () => {
		const lane = "bulk";
		const text = JSON.stringify({ ...read(record("order.placed")), lane });
		const lanesOf = (records: string[]) => records.map((one) => read(one).lane);
		for (const isDown of [false, true]) {
			const ports = recordingPorts();
			const retries = vi.fn(ports.queues.retries);
			ports.queues = { ...ports.queues, retries };
			if (isDown) ports.retriesQueue.sendBatch = down;
			await consume([incoming(text, { attempts: 2 })], "events", ports);
			expect(retries.mock.calls).toEqual([[lane]]);
			const { retries: sent, rows } = ports.recorded;
			const stored = [...sent, ...rows].map(({ record }) => record);
			expect(lanesOf(stored)).toEqual([lane, lane, lane]);
		}
	});

	test("is split within the bytes of a batch, counted in UTF-8", async () => {
		const ports = recordingPorts();
		const sizes: number[] = [];
		ports.retriesQueue.sendBatch = async (records) =>
			void sizes.push(byteLength(records.join("")));
		const text = record("order.placed", "€".repeat(30_000));
		await consume([incoming(text, { attempts: 2 })], "events", ports);
		expect(sizes).toHaveLength(2);
		expect(Math.max(...sizes)).toBeLessThan(240_000);
	});

	test("is stored in the scheduler, handler by handler, if the queue rejects them", async () => {
		const ports = recordingPorts();
		ports.retriesQueue.sendBatch = down;
		const message = incoming(record("order.placed"), { attempts: 2 });
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(
			ports.recorded.rows.map(({ record, version }) => ({
				...read(record).delivery,
				version,
			})),
		).toEqual(firstAttempts(HANDLERS).map((one) => ({ ...one, version: 1 })));
	});

	test("is redelivered if queue and scheduler are down", async () => {
		const message = incoming(record("order.placed"), { attempts: 2 });
		await consume([message], "events", portsInAnOutage());
		expect(message.verdicts).toEqual([{ retry: 10 }]);
	});
});

describe("a batch", () => {
	test("with one message that fails acknowledges the others: only the failed one is redelivered", async () => {
		const ports = portsInAnOutage();
		failing("load");
		const messages = ["never.again", "load.one", "never.again"].map((name) =>
			incoming(record(name)),
		);
		await consume(messages, "events", ports);
		expect(messages.map(({ verdicts }) => verdicts)).toEqual([
			["ack"],
			[{ retry: 5 }],
			["ack"],
		]);
	});

	test.each([0, 50, 99])(
		"delivers its other 99 messages if message %i is not readable",
		async (position) => {
			const ports = recordingPorts();
			const messages = Array.from({ length: 100 }, (_, index) =>
				incoming(index === position ? "poison" : record("order.placed")),
			);
			await consume(messages, "events", ports);
			expect(messages.map(({ verdicts }) => verdicts)).toEqual(
				messages.map(() => ["ack"]),
			);
			expect(ports.recorded.stored).toHaveLength(1);
			expect(types(ports).filter((type) => type === "delivered")).toHaveLength(
				297,
			);
		},
	);

	test("redelivers a message that fails after 5 seconds, doubling up to an hour: a hundred retries span four days", async () => {
		failing("first");
		const delays: number[] = [];
		for (let attempts = 1; attempts <= 100; attempts++) {
			const message = incoming(record("order.placed"), { attempts });
			await consume([message], "events", portsInAnOutage());
			const [verdict] = message.verdicts;
			delays.push(typeof verdict === "object" ? Number(verdict.retry) : 0);
		}
		expect(delays.slice(0, 12)).toEqual([
			5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600,
		]);
		const total = delays.reduce((sum, delay) => sum + delay, 0) * 1_000;
		expect(total).toBeGreaterThan(3.7 * 24 * HOUR);
		expect(total).toBeLessThan(4 * 24 * HOUR);
	});
});

describe("the kind of a message follows from its envelope", () => {
	test("if a delivery is in the events queue", async () => {
		const ports = recordingPorts();
		const ran: number[] = [];
		behaviours.set("first", (_, { attempt }) => ran.push(attempt));
		const text = record("order.placed", 1, { handler: "first", attempt: 2 });
		const message = incoming(text);
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ran).toEqual([2]);
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "delivered", handler: "first" },
		]);
	});

	test("if a dead letter comes from the scheduler: it is stored, and runs no handler", async () => {
		const lost = recordingPorts();
		lost.deadLettersQueue.send = down;
		lost.deadLetters.store = down;
		const run = failing("never");
		const text = record("never.again", { whole: true });
		await consume([incoming(text)], "events", lost);
		expect(run).toHaveBeenCalledTimes(1);

		const ports = recordingPorts();
		const deadLetter = incoming(lost.recorded.rows[0]?.record);
		await consume([deadLetter], "retries", ports);
		expect(run).toHaveBeenCalledTimes(1);
		expect(deadLetter.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{ handler: "never", cause: "exhausted", body: '{"whole":true}' },
		]);
	});
});

describe("an event of several Workers", () => {
	/** Consumes the event while nothing can be stored. Returns its ports, which can store again. */
	async function consumedInAnOutage(fake: FakeWorker, text: string) {
		const { ports } = owning(fake, { own: true });
		const { retriesQueue, scheduler } = ports;
		const { store } = scheduler;
		failToStore(ports);
		const message = incoming(text);
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
		ports.retriesQueue = retriesQueue;
		ports.scheduler.store = store;
		return ports;
	}

	/** Consumes the redelivered message, and then each delivery until none is left. */
	async function consumeAll(text: string, ports: TestPorts) {
		const redelivered = incoming(text, { attempts: 2 });
		await consume([redelivered], "events", ports);
		expect(redelivered.verdicts).toEqual(["ack"]);
		for (const { record } of ports.recorded.retries)
			for (let attempts = 1; ; attempts++) {
				const sentAt = ports.clock();
				const message = incoming(record, { attempts, sentAt });
				await consume([message], "retries", ports);
				if (message.verdicts[0] === "ack") break;
			}
		return ports.recorded.deadLetters.map(
			(letter) => read(letter).deadLetter?.handler,
		);
	}

	test("is redelivered if the owner's failure can be stored nowhere, and ends as a dead letter", async () => {
		failing("second");
		const text = record("order.placed");
		const ports = await consumedInAnOutage(new FakeWorker(), text);
		expect(await consumeAll(text, ports)).toEqual(["second"]);
	});

	test("is redelivered if the failure of another Worker can be stored nowhere, and ends as a dead letter", async () => {
		const fake = new FakeWorker();
		fake.lists = () => [
			{ id: "send", patterns: ["order.*"], policy: policyOf(0) },
			{ id: "log", patterns: ["order.*"], policy: policyOf(1) },
		];
		fake.does = async ({ handlers }, report) => {
			const error = { name: "Error", message: "no" };
			for (const { deliveryHandler } of handlers)
				await report(
					deliveryHandler,
					deliveryHandler === "fake/log"
						? { type: "failed", error }
						: { type: "delivered" },
				);
		};
		const text = record("order.placed");
		const ports = await consumedInAnOutage(fake, text);
		expect(await consumeAll(text, ports)).toEqual(["fake/log"]);
	});

	test("is redelivered if the wait for a Worker that is down can be stored nowhere", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const text = record("order.placed");
		const ports = await consumedInAnOutage(fake, text);
		const redelivered = incoming(text, { attempts: 2 });
		await consume([redelivered], "events", ports);
		expect(waiting(ports)).toMatchObject([{ handler: "fake/*" }]);
	});
});
