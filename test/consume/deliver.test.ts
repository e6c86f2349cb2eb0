/** One delivery in a message of its own, from its message to its verdict. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
	deliver,
	findHandler,
	type Target,
} from "../../src/consume/deliver.ts";
import { consume } from "../../src/consume/queue.ts";
import { NonRetryableError, RetryAfterError } from "../../src/index.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const NOW = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function failing(id: string, thrown: unknown = new Error("no")) {
	const run = vi.fn(() => {
		throw thrown;
	});
	behaviours.set(id, run);
	return run;
}

const deadLetters = ({ recorded }: ReturnType<typeof recordingPorts>) =>
	recorded.deadLetters.map((text) => read(text).deadLetter);

test("an attempt has the number of its delivery plus the redeliveries of its message", async () => {
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
	// The message itself is retried. A duplicate of the message therefore starts no second chain of retries.
	expect(message.verdicts).toEqual([{ retry: 360 }]);
	expect(ports.recorded).toMatchObject({
		retries: [],
		rows: [],
		deadLetters: [],
	});
});

test("a delivery retains its first attempt and its first failure through all redeliveries", async () => {
	const ports = recordingPorts({ clock: () => NOW });
	failing("ampt");
	const delivery = {
		handler: "ampt",
		attempt: 2,
		firstAttemptAt: NOW - HOUR,
		firstFailureAt: NOW - HOUR + 5,
		firstFailure: { name: "Error", message: "the first" },
	};
	const message = incoming(record("ampt.like", 1, delivery, NOW), {
		attempts: 90,
		sentAt: NOW - HOUR,
	});
	await consume([message], "retries", ports);
	expect(read(ports.recorded.rows[0]?.record ?? "").delivery).toEqual({
		...delivery,
		attempt: 2 + 89 + 1,
	});
});

test("a redelivery without a first attempt counts its maxAge from its message, not from each redelivery", async () => {
	const ports = recordingPorts({ clock: () => NOW + 15 * DAY });
	failing("ampt");
	const text = record("ampt.like", 1, { handler: "ampt", attempt: 1 });
	const message = incoming(text, { attempts: 50, sentAt: NOW });
	await consume([message], "retries", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(deadLetters(ports)).toMatchObject([
		{ cause: "expired", attempts: 50, firstFailureAt: NOW },
	]);
});

test("a delivery that an outage redelivered twenty times past its limit is still tried", async () => {
	const ports = recordingPorts();
	const run = vi.fn();
	behaviours.set("never", run);
	const text = record("never.again", 1, { handler: "never", attempt: 1 });
	await consume([incoming(text, { attempts: 21 })], "retries", ports);
	expect(run).toHaveBeenCalledTimes(1);
	expect(ports.recorded.transitions).toMatchObject([{ type: "delivered" }]);
});

test("a delivery whose attempts never return becomes a dead letter past the slack, without another attempt", async () => {
	const ports = recordingPorts();
	const run = failing("first");
	const text = record("order.placed", 1, { handler: "first", attempt: 1 });
	const message = incoming(text, { attempts: 24 });
	await consume([message], "retries", ports);
	expect(run).not.toHaveBeenCalled();
	expect(message.verdicts).toEqual(["ack"]);
	expect(deadLetters(ports)).toMatchObject([
		{ cause: "crashed", attempts: 23 },
	]);
});

describe("a delivery whose handler no deploy has", () => {
	test("waits in the scheduler for an hour in total, uses up no attempt, and is then a dead letter", async () => {
		let now = NOW;
		const ports = recordingPorts({ clock: () => now });
		let text = record("order.placed", 1, { handler: "gone", attempt: 4 });
		let rounds = 0;
		while (ports.recorded.deadLetters.length === 0 && rounds < 100) {
			const message = incoming(text, { sentAt: now });
			await consume([message], "retries", ports);
			expect(message.verdicts).toEqual(["ack"]);
			const row = ports.recorded.rows.pop();
			if (!row) continue;
			expect(row.version).toBe(4);
			expect(ports.recorded.transitions.at(-1)).toMatchObject({
				type: "waiting",
				handler: "gone",
				attempt: 4,
				retryAt: row.dueAt,
			});
			now = row.dueAt;
			text = row.record;
			rounds++;
		}
		expect(now).toBe(NOW + HOUR);
		expect(rounds).toBeLessThan(10);
		expect(deadLetters(ports)).toMatchObject([
			{ handler: "gone", cause: "unknown_handler", attempts: 3 },
		]);
	});

	test("counts only the waits since its last attempt", async () => {
		const ports = recordingPorts({ clock: () => NOW });
		const waited = { unknownFor: HOUR, unreachableFor: HOUR };
		const delivery = { handler: "gone", attempt: 1, ...waited };
		// The message was redelivered, so an attempt was made after the waits.
		const message = incoming(record("order.placed", 1, delivery), {
			attempts: 2,
			sentAt: NOW,
		});
		await consume([message], "retries", ports);
		const { delivery: parked } = read(ports.recorded.rows[0]?.record ?? "");
		expect(parked).toMatchObject({ attempt: 2, unknownFor: MINUTE });
		expect(parked).not.toHaveProperty("unreachableFor");
	});
});

test("a failed attempt ends the waits before it: a later wait for a handler or a Worker begins anew", async () => {
	let now = NOW;
	const ports = recordingPorts({ clock: () => now });
	failing("ampt");
	const waited = { unknownFor: 59 * MINUTE, unreachableFor: 23 * HOUR };
	const delivery = { handler: "ampt", attempt: 1, ...waited };
	// The 90th delivery of a message moves to the scheduler, so its row has what the next message carries.
	for (const attempts of [1, 90]) {
		const message = incoming(record("ampt.like", 1, delivery), {
			attempts,
			sentAt: NOW,
		});
		now = NOW + 12 * HOUR;
		await consume([message], "retries", ports);
		const row = ports.recorded.rows.pop();
		const carried = read(row?.record ?? "").delivery;
		expect(carried).toMatchObject({ attempt: attempts + 1 });
		expect(carried).not.toHaveProperty("unknownFor");
		expect(carried).not.toHaveProperty("unreachableFor");
	}
});

describe("a body by reference", () => {
	const ids = ["never", "second"];
	const large = (name: string, handler?: string) => {
		const { body: _, ...rest } = read(record(name));
		const delivery = handler && { handler, attempt: 2 };
		return JSON.stringify({ ...rest, reference: "stored", delivery });
	};

	test("that cannot be read now parks the delivery, and uses up no attempt", async () => {
		const ports = recordingPorts({ clock: () => NOW });
		ports.payloads.get = down;
		const runs = ids.map((id) => failing(id));
		const message = incoming(large("order.placed", "second"));
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.rows).toMatchObject([
			{ handler: "second", version: 2, dueAt: NOW + MINUTE },
		]);
		for (const run of runs) expect(run).not.toHaveBeenCalled();
	});

	test("of an event that cannot be read now gives each handler a message of its own, which parks it", async () => {
		const ports = recordingPorts({ clock: () => NOW });
		ports.payloads.get = down;
		const message = incoming(large("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const deliveries = ["first", "second", "third"].map((handler) => ({
			handler,
			attempt: 1,
		}));
		const sent = ports.recorded.retries.map(({ record }) => record);
		expect(sent.map((one) => read(one).delivery)).toEqual(deliveries);
		expect(ports.recorded.rows).toEqual([]);
		await consume(
			sent.map((one) => incoming(one)),
			"retries",
			ports,
		);
		expect(
			ports.recorded.rows.map(({ version, record, dueAt }) => ({
				version,
				delivery: read(record).delivery,
				wait: dueAt - NOW,
			})),
		).toEqual(
			deliveries.map((delivery) => ({ version: 1, delivery, wait: 60_000 })),
		);
	});

	test("that has expired makes a dead letter for each handler, which says so", async () => {
		const ports = recordingPorts();
		await consume([incoming(large("order.placed"))], "events", ports);
		expect(deadLetters(ports)).toMatchObject(
			["first", "second", "third"].map((handler) => ({
				handler,
				cause: "payload_missing",
				attempts: 0,
			})),
		);
	});

	test("that cannot be extended now neither repeats another handler nor shortens a wait", async () => {
		const ports = recordingPorts();
		ports.recorded.payloads.set("stored", { text: '"large"', until: 0 });
		ports.payloads.extend = down;
		const first = vi.fn();
		behaviours.set("first", first);
		failing("second");
		const message = incoming(large("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(first).toHaveBeenCalledTimes(1);
		expect(ports.recorded.retries).toMatchObject([{ delaySeconds: 1 }]);
	});
});

describe("an extension that cannot adapt a record", () => {
	const delivered = async (attempt: number) => {
		const ports = recordingPorts({ clock: () => NOW });
		const delivery = { handler: "first", attempt };
		const text = record("order.placed", 1, delivery);
		const message = incoming(text, { sentAt: NOW });
		const event = { envelope: read(text), text, message };
		const worker = ports.workers.forHandler("first");
		const target = {
			...((await findHandler("first", worker)) as Target),
			adapt() {
				throw new TypeError("no such member");
			},
		};
		const verdict = await deliver(event, delivery, target, ports);
		return { ports, verdict };
	};

	test("fails the attempt, which is retried without calling the handler", async () => {
		const run = failing("first");
		const { ports, verdict } = await delivered(1);
		expect(verdict).toEqual({ type: "retry", delaySeconds: 1 });
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "retrying", error: { message: "no such member" } },
		]);
		expect(run).not.toHaveBeenCalled();
	});

	test("leaves a dead letter with its error after the last retry", async () => {
		const { ports, verdict } = await delivered(3);
		expect(verdict).toEqual({ type: "ack" });
		expect(ports.recorded.rows).toEqual([]);
		expect(deadLetters(ports)).toMatchObject([
			{ cause: "exhausted", attempts: 3, error: { name: "TypeError" } },
		]);
	});
});

describe("a handler that throws", () => {
	test("a RetryAfterError chooses the time of its retry", async () => {
		const ports = recordingPorts({ clock: () => NOW });
		failing("ampt", new RetryAfterError("busy", new Date(NOW + 90_000)));
		await consume([incoming(record("ampt.like"))], "events", ports);
		expect(ports.recorded.retries).toMatchObject([{ delaySeconds: 90 }]);
	});

	test.each([
		["in the past", new Date(0), 1],
		["after all dates", new Date(8.64e15), 365 * 86_400],
	])(
		"a RetryAfterError %s is retried at least a second and at most a year later",
		async (_, at, seconds) => {
			const ports = recordingPorts({ clock: () => NOW });
			failing("long", new RetryAfterError("later", at));
			const message = incoming(record("long.wait"));
			await consume([message], "events", ports);
			expect(message.verdicts).toEqual(["ack"]);
			const [sent] = ports.recorded.retries;
			const [row] = ports.recorded.rows;
			const stored = ((row?.dueAt ?? 0) - NOW) / 1_000;
			expect(sent?.delaySeconds ?? stored).toBe(seconds);
		},
	);

	test("a value whose getters throw fails only its own attempt", async () => {
		const ports = recordingPorts();
		const hostile = {
			get: () => {
				throw new Error("hands off");
			},
		};
		failing("second", new Proxy({}, hostile));
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.transitions.map(({ type }) => type)).toEqual([
			"delivered",
			"retrying",
			"delivered",
		]);
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
		"%s to the end leaves a dead letter of its own with the whole event",
		async (_, thrown, expected) => {
			const ports = recordingPorts();
			failing("first", thrown);
			const first = { handler: "first", attempt: expected.attempts };
			const body = { a: ["whole", "body"] };
			const message = incoming(record("order.placed", body, first));
			await consume([message], "retries", ports);
			expect(message.verdicts).toEqual(["ack"]);
			const deadLetter = read(ports.recorded.deadLetters[0] ?? "");
			expect(deadLetter).toMatchObject({
				name: "order.placed",
				body,
				deadLetter: {
					handler: "first",
					error: { message: "no" },
					...expected,
				},
			});
			expect(deadLetter.delivery).toBeUndefined();
		},
	);

	test("after it changed its event leaves a dead letter with the event as it was published", async () => {
		const ports = recordingPorts();
		ports.deadLettersQueue.send = down;
		behaviours.set("never", ({ body }) => {
			(body as { n: number }).n = 99;
			throw new NonRetryableError("no");
		});
		await consume([incoming(record("never.again", { n: 1 }))], "events", ports);
		expect(ports.recorded.stored).toMatchObject([{ body: '{"n":1}' }]);
	});
});

test("a replay that waits in the scheduler has a higher version than any attempt before it", async () => {
	const ports = recordingPorts();
	failing("long");
	for (const delivery of [{ attempt: 9 }, { attempt: 1, replay: 1 }]) {
		const text = record("long.wait", 1, { handler: "long", ...delivery });
		await consume([incoming(text)], "retries", ports);
	}
	const [before, replayed] = ports.recorded.rows.map(({ version }) => version);
	expect(before).toBe(10);
	expect(replayed).toBeGreaterThan(Number(before));
});
