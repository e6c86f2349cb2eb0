/** Outages of Workers behind bindings, and of the stores of their deliveries: nothing is lost, and little is repeated. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import type { Reporter } from "../../src/handlers/call.ts";
import { remoteWorker } from "../../src/handlers/remote-worker.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { behaviours } from "../support/worker.ts";
import {
	delivering,
	ends,
	FakeWorker,
	owning,
	sent,
	taken,
	waiting,
} from "../support/worker-binding.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

afterEach(() => behaviours.clear());

/** Reports a timeout of every handler of the call. */
const timesOut: FakeWorker["does"] = async ({ handlers }, report) => {
	for (const { deliveryHandler } of handlers)
		await report(deliveryHandler, { type: "timed_out", timeout: 60_000 });
};

describe("a call that is cut off", () => {
	test("repeats only the handlers without an outcome", async () => {
		const fake = new FakeWorker();
		fake.does = async (_, report) => {
			await report("fake/send", { type: "delivered" });
			throw new Error("the isolate is gone");
		};
		const { ports } = owning(fake);
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ends(ports)).toEqual(["delivered fake/send", "split "]);
		expect(sent(ports)).toEqual([{ handler: "fake/log", attempt: 1 }]);
	});

	test("because it hangs ends after a timeout, and later reports do not count", async () => {
		const fake = new FakeWorker();
		let late: Reporter | undefined;
		fake.does = (_, report) => {
			late = report;
			return new Promise(() => {});
		};
		const { ports, expire } = owning(fake);
		const consuming = taken(record("order.placed"), ports);
		await vi.waitFor(() => expect(late).toBeDefined());
		expire();
		expect(await consuming).toBe("ack");
		expect(sent(ports)).toHaveLength(2);
		await expect(late?.("fake/send", { type: "delivered" })).rejects.toThrow(
			"has ended",
		);
		expect(ends(ports)).toEqual(["split "]);
	});

	test("after its delivery's outcome was reported has that outcome", async () => {
		const fake = new FakeWorker();
		fake.does = async (_, report) => {
			await report("fake/send", { type: "delivered" });
			throw new Error("the isolate is gone");
		};
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/send", attempt: 2 });
		expect(await taken(text, ports)).toBe("ack");
		expect(ends(ports)).toEqual(["delivered fake/send"]);
	});

	test("after its delivery's outcome was reported twice has the first outcome", async () => {
		const fake = new FakeWorker();
		const error = { name: "Error", message: "later" };
		fake.does = async (_, report) => {
			await report("fake/send", { type: "delivered" });
			await report("fake/send", { type: "failed", error });
		};
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/send", attempt: 2 });
		expect(await taken(text, ports)).toBe("ack");
		expect(ends(ports)).toEqual(["delivered fake/send"]);
	});

	test("by an attempt that crashes its Worker retries the message, up to twenty times past the limit", async () => {
		const fake = new FakeWorker();
		fake.does = fake.fails;
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/send", attempt: 1 });
		for (let attempts = 1; attempts <= 30; attempts++)
			expect(await taken(text, ports, { attempts })).toEqual({ retry: 120 });
		expect(ports.recorded.deadLetters).toEqual([]);
		expect(await taken(text, ports, { attempts: 31 })).toBe("ack");
		expect(fake.calls).toHaveLength(31);
		expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
			handler: "fake/send",
			cause: "crashed",
			error: { message: "Worker not found" },
			attempts: 31,
		});
	});

	test("because its Worker does not respond uses up no attempt: the delivery waits for the Worker", async () => {
		const fake = new FakeWorker();
		const { ports, time } = owning(fake);
		await taken(record("order.placed"), ports);
		fake.goDown();
		const text = delivering({ handler: "fake/send", attempt: 4 });
		expect(await taken(text, ports)).toBe("ack");
		expect(waiting(ports)).toEqual([
			expect.objectContaining({
				handler: "fake/send",
				attempt: 4,
				unreachableFor: MINUTE,
				dueAt: time.now + MINUTE,
			}),
		]);
	});

	test("acknowledges its message only after the reported outcomes are stored", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		const sending = Promise.withResolvers<void>();
		ports.retriesQueue.send = () => sending.promise;
		const gone = Promise.withResolvers<void>();
		fake.does = async (_, report) => {
			Promise.resolve(
				report("fake/send", { type: "timed_out", timeout: 1 }),
			).catch(() => {});
			await report("fake/log", { type: "delivered" });
			gone.resolve();
			throw new Error("the isolate is gone");
		};
		const message = incoming(record("order.placed"), { sentAt: ports.clock() });
		const consuming = consume([message], "events", ports);
		await gone.promise;
		await vi.waitFor(() => expect(ends(ports)).toEqual(["delivered fake/log"]));
		expect(message.verdicts).toEqual([]);
		sending.resolve();
		await consuming;
		expect(message.verdicts).toEqual(["ack"]);
		expect(ends(ports)).toEqual(["delivered fake/log", "retrying fake/send"]);
	});

	test.each([
		["by its Worker", false],
		["by its timeout", true],
	])(
		"%s sends a handler whose reported outcome cannot be stored in a message of its own",
		async (_, isLate) => {
			const fake = new FakeWorker();
			const { ports, expire } = owning(fake);
			const sending = Promise.withResolvers<never>();
			ports.retriesQueue.send = () => sending.promise;
			ports.scheduler.store = fake.fails;
			const reported = Promise.withResolvers<void>();
			fake.does = async (_, report) => {
				Promise.resolve(
					report("fake/send", { type: "timed_out", timeout: 1 }),
				).catch(() => {});
				reported.resolve();
				if (isLate) await new Promise(() => {});
				throw new Error("the isolate is gone");
			};
			const consuming = taken(record("order.placed"), ports);
			await reported.promise;
			if (isLate) expire();
			sending.reject(new Error("overloaded"));
			expect(await consuming).toBe("ack");
			expect(sent(ports)).toEqual([
				{ handler: "fake/send", attempt: 1 },
				{ handler: "fake/log", attempt: 1 },
			]);
		},
	);

	test("again and again moves to the scheduler before the platform gives its message up", async () => {
		const fake = new FakeWorker();
		fake.lists = () => [
			{
				id: "send",
				patterns: ["**"],
				policy: policyOf({
					backoff: "constant",
					base: "6 minutes",
					maxAge: "14 days",
				}),
			},
		];
		fake.does = fake.fails;
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/send", attempt: 1 });
		expect(await taken(text, ports, { attempts: 89 })).toEqual({ retry: 120 });
		expect(await taken(text, ports, { attempts: 90 })).toBe("ack");
		expect(waiting(ports)).toMatchObject([
			{ handler: "fake/send", attempt: 91 },
		]);
	});

	test("leaves a dead letter if its next attempt would start after maxAge", async () => {
		const fake = new FakeWorker();
		fake.lists = () => [
			{ id: "send", patterns: ["**"], policy: policyOf({ maxAge: HOUR }) },
		];
		fake.does = fake.fails;
		const { ports, time } = owning(fake);
		const sentAt = time.now;
		const text = delivering({ handler: "fake/send", attempt: 1 });
		time.now += HOUR - 2 * MINUTE;
		const message = { attempts: 5, sentAt };
		expect(await taken(text, ports, message)).toEqual({ retry: 120 });
		time.now += 1;
		expect(await taken(text, ports, message)).toBe("ack");
		expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
			cause: "expired",
			error: { message: "Worker not found" },
		});
	});

	test.each([
		["of ten handlers", 10, 10 * 60_000 + 50_000],
		["of thirty handlers", 30, 13 * MINUTE + MINUTE],
	])(
		"%s had the timeouts of its handlers and a grace for its reports",
		async (_, count, most) => {
			const fake = new FakeWorker();
			const given: number[] = [];
			const timer = (_: () => void, ms: number) => {
				given.push(ms);
				return () => {};
			};
			const routing = { overrides: [], defaults: {} };
			const { clock } = owning(fake).ports;
			const binding = () => fake;
			const worker = remoteWorker("fake", binding, routing, { clock, timer });
			const handlers = Array.from({ length: count }, (_, n) => ({
				deliveryHandler: `fake/${n}`,
				handler: `${n}`,
				attempt: 1,
				timeout: 60_000,
			}));
			const call = { record: "{}", handlers, within: 12 * MINUTE };
			await worker.run(call, async () => {});
			expect(given).toEqual([most]);
		},
	);
});

test("an event for a Worker that does not list its handlers is parked for that Worker, not ignored", async () => {
	const fake = new FakeWorker();
	fake.goDown();
	const { ports, time } = owning(fake);
	expect(await taken(record("order.placed"), ports)).toBe("ack");
	expect(waiting(ports)).toEqual([
		{
			handler: "fake/*",
			attempt: 1,
			unreachableFor: MINUTE,
			dueAt: time.now + MINUTE,
		},
	]);
	expect(ends(ports)).toEqual(["waiting fake/*"]);
});

test("a call that is cut off sends each handler without an outcome in a message of its own, at attempt 1", async () => {
	const fake = new FakeWorker();
	fake.does = fake.fails;
	const { ports } = owning(fake);
	expect(await taken(record("order.placed"), ports)).toBe("ack");
	expect(sent(ports)).toEqual([
		{ handler: "fake/send", attempt: 1 },
		{ handler: "fake/log", attempt: 1 },
	]);
});

describe("while the scheduler is down", () => {
	test("an event for a Worker that is down waits in the retries queue, and no other handler runs twice", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports } = owning(fake, { mail: true });
		ports.scheduler.store = fake.fails;
		const runs: string[] = [];
		for (const id of ["send", "log"])
			behaviours.set(id, () => void runs.push(id));
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ports.recorded.retries).toMatchObject([{ delaySeconds: 60 }]);
		expect(sent(ports)).toEqual([
			{ handler: "fake/*", attempt: 1, unreachableFor: MINUTE },
		]);
		expect(runs).toEqual(["send", "log"]);
	});

	test("a delivery that has a message of its own is redelivered with its message", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports } = owning(fake);
		ports.scheduler.store = fake.fails;
		for (const handler of ["fake/*", "fake/send"]) {
			const text = delivering({ handler, attempt: 1 });
			expect(await taken(text, ports)).toEqual({ retry: 5 });
		}
		expect(ports.recorded.retries).toEqual([]);
	});

	test("and the retries queue is down, too, the message is redelivered", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		ports.retriesQueue = { send: fake.fails, sendBatch: fake.fails };
		ports.scheduler.store = fake.fails;
		fake.does = timesOut;
		expect(await taken(record("order.placed"), ports)).toEqual({ retry: 5 });
	});
});

test("no handler starts after an outcome that could be stored nowhere", async () => {
	const fake = new FakeWorker();
	fake.goDown();
	const { ports } = owning(fake, { own: true });
	ports.workers = { ...ports.workers, all: ports.workers.all.slice(0, 1) };
	ports.retriesQueue = { send: fake.fails, sendBatch: fake.fails };
	ports.scheduler.store = fake.fails;
	const ran: string[] = [];
	for (const id of ["first", "second", "third"])
		behaviours.set(id, () => {
			ran.push(id);
			if (id === "second") throw new Error("no");
		});
	expect(await taken(record("order.placed"), ports)).toEqual({ retry: 5 });
	expect(ran).toEqual(["first", "second"]);
});

describe("a wait", () => {
	test("for a deploy does not include the time that the Worker was down", async () => {
		const fake = new FakeWorker();
		fake.lists = () => [];
		const { ports, time } = owning(fake);
		const next = () => {
			const row = ports.recorded.rows.pop();
			time.now = row?.dueAt ?? 0;
			return row?.record ?? "";
		};
		await taken(delivering({ handler: "fake/send", attempt: 1 }), ports);
		fake.goDown();
		for (let n = 0; n < 8; n++) await taken(next(), ports);
		fake.lists = () => [];
		await taken(next(), ports);
		expect(ports.recorded.deadLetters).toEqual([]);
		expect(waiting(ports)).toMatchObject([{ unknownFor: 2 * MINUTE }]);
	});

	test.each([
		["its Worker", { unreachableFor: 23 * HOUR }, "unreachable"],
		["a deploy", { unknownFor: HOUR - 1 }, "unknown_handler"],
	])(
		"for %s does not include the time that this Worker was down itself",
		async (_, waited, cause) => {
			const fake = new FakeWorker();
			if (cause === "unreachable") fake.goDown();
			else fake.lists = () => [];
			const { ports, time } = owning(fake);
			const text = delivering({ handler: "fake/send", attempt: 1, ...waited });
			time.now += 2 * DAY;
			await taken(text, ports);
			expect(ports.recorded.deadLetters).toEqual([]);
			await taken(ports.recorded.rows[0]?.record ?? "", ports);
			expect(
				read(ports.recorded.deadLetters[0] ?? "").deadLetter,
			).toMatchObject({
				cause,
			});
		},
	);

	test("for a Worker starts anew after the Worker responded, even if it crashed then", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		const text = delivering({
			handler: "fake/send",
			attempt: 1,
			unreachableFor: 23 * HOUR,
		});
		fake.does = fake.fails;
		expect(await taken(text, ports)).toEqual({ retry: 120 });
		fake.goDown();
		await taken(text, ports, { attempts: 2 });
		expect(waiting(ports)).toMatchObject([{ unreachableFor: MINUTE }]);
	});
});

describe("a batch", () => {
	const batchOf = (length: number, now: number) =>
		Array.from({ length }, () =>
			incoming(record("order.placed"), { sentAt: now }),
		);

	test("requests the handlers of a Worker once", async () => {
		const fake = new FakeWorker();
		const asked = Promise.withResolvers<void>();
		const answer = fake.lists;
		fake.lists = async () => {
			await asked.promise;
			return answer();
		};
		const { ports } = owning(fake);
		const consuming = consume(batchOf(100, ports.clock()), "events", ports);
		await vi.waitFor(() => expect(fake.asked).toBe(1));
		asked.resolve();
		await consuming;
		expect(fake.asked).toBe(1);
		expect(fake.calls).toHaveLength(100);
	});

	test("calls a handler that its Worker was given while earlier messages of the batch ran", async () => {
		const fake = new FakeWorker();
		const { ports, time } = owning(fake);
		const gate = Promise.withResolvers<void>();
		const { does } = fake;
		fake.does = (call, report) => gate.promise.then(() => does(call, report));
		const handlers = [...Array(32).fill("fake/send"), "fake/young"];
		const messages = handlers.map((handler) =>
			incoming(delivering({ handler, attempt: 1 }), { sentAt: time.now }),
		);
		const consuming = consume(messages, "retries", ports);
		await vi.waitFor(() => expect(fake.calls).toHaveLength(32));
		fake.lists = () => [{ id: "young", patterns: ["**"] }];
		time.now += MINUTE;
		gate.resolve();
		await consuming;
		expect(ends(ports).at(-1)).toBe("delivered fake/young");
	});

	test("uses the list of handlers of a request although a concurrent request fails", async () => {
		const fake = new FakeWorker();
		const answer = fake.lists;
		const silent = Promise.withResolvers<never>();
		fake.lists = () => (fake.asked === 1 ? silent.promise : answer());
		const { ports } = owning(fake);
		const first = consume(batchOf(1, ports.clock()), "events", ports);
		await vi.waitFor(() => expect(fake.asked).toBe(1));
		await consume(batchOf(1, ports.clock()), "events", ports);
		silent.reject(new Error("once"));
		await first;
		await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(2);
		expect(ends(ports)).not.toContain("waiting fake/*");
	});

	test("with a Worker that hangs delivers all of its messages to other Workers", async () => {
		const fake = new FakeWorker();
		const { ports, expire } = owning(fake, { own: true });
		let under = 0;
		fake.does = () => {
			under++;
			return new Promise(() => {});
		};
		const consuming = consume(batchOf(100, ports.clock()), "events", ports);
		const delivered = () =>
			ends(ports).filter((end) => end === "delivered first").length;
		await vi.waitFor(() => expect(delivered()).toBe(100));
		await vi.waitFor(() => expect(under).toBe(32));
		for (const most of [64, 96, 100]) {
			expire();
			await vi.waitFor(() => expect(under).toBe(most));
		}
		expire();
		await consuming;
		expect(sent(ports)).toHaveLength(200);
	});
});

test("a replay for all handlers of a Worker is a replay for each of them", async () => {
	const fake = new FakeWorker();
	fake.does = async (_, report) => {
		await report("fake/send", { type: "timed_out", timeout: 1 });
		throw new Error("the isolate is gone");
	};
	const { ports } = owning(fake);
	const delivery = { handler: "fake/*", attempt: 1, replay: 2 };
	await taken(delivering(delivery), ports);
	expect(sent(ports)).toMatchObject([
		{ handler: "fake/send", attempt: 2, replay: 2 },
		{ handler: "fake/log", attempt: 1, replay: 2 },
	]);
});

test("a first attempt starts when the handler before it has ended, even an unknown one", async () => {
	const fake = new FakeWorker();
	const { ports, time } = owning(fake);
	fake.does = async (_, report) => {
		time.now += MINUTE;
		await report("fake/send", { type: "unknown_handler" });
		await report("fake/log", { type: "timed_out", timeout: 1 });
	};
	await taken(record("order.placed"), ports);
	expect(sent(ports)).toMatchObject([
		{ handler: "fake/log", firstAttemptAt: time.now },
	]);
});
