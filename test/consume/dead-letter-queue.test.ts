/** Messages that become dead letters: those of the dead-letter queue, and those that no deploy can read. */
import { afterEach, describe, expect, test } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { HandlerRegistry, register } from "../../src/handlers/registry.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HANDLERS = ["first", "second", "third"];
const NEWER = '{"v":2,"whatever":true}';

describe("a message that is not readable", () => {
	const valid = JSON.parse(record("order.placed"));

	test.each([
		"",
		"not json",
		"[]",
		7,
		null,
		'{"v":1}',
		'{"v":0,"id":"a"}',
		{ id: "a" },
		{ ...valid, delivery: { handler: "first", attempt: 0 } },
		{ ...valid, deadLetter: { handler: "first" } },
	])("becomes one dead letter before it is acknowledged: %j", async (body) => {
		const ports = recordingPorts();
		const message = incoming(body);
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{ id: `message-${message.id}:`, cause: "unreadable", handler: "" },
		]);
	});

	test("is redelivered while the store is down", async () => {
		const ports = recordingPorts();
		ports.deadLetters.store = down;
		const message = incoming("not json");
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
	});
});

describe("a message of a newer version", () => {
	test("waits an hour for a deploy that can read it, is read a few times, and is then a dead letter", async () => {
		const sentAt = Date.UTC(2027, 0, 1);
		let now = sentAt;
		const ports = recordingPorts({ clock: () => now });
		let attempts = 1;
		for (; ports.recorded.stored.length === 0 && attempts < 100; attempts++) {
			const message = incoming(NEWER, { attempts, sentAt });
			await consume([message], "retries", ports);
			const [verdict] = message.verdicts;
			now += typeof verdict === "object" ? (verdict.retry ?? 0) * 1_000 : 0;
		}
		expect(now - sentAt).toBe(HOUR);
		expect(attempts).toBeLessThan(10);
		expect(ports.recorded.stored).toMatchObject([
			{ cause: "newer_version", body: JSON.stringify(NEWER) },
		]);
	});

	test("is read several times if it is old, because it may be new to this deploy", async () => {
		const ports = recordingPorts();
		const message = incoming(NEWER, { sentAt: Date.now() - 9 * HOUR });
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual([{ retry: 600 }]);
		expect(ports.recorded.stored).toEqual([]);
	});

	test("does not wait in the dead-letter queue", async () => {
		const ports = recordingPorts();
		const message = incoming(NEWER);
		await consume([message], "deadLetters", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([{ cause: "newer_version" }]);
	});
});

describe("a message that the platform gave up", () => {
	test("becomes one dead letter for each handler of its event, with the body", async () => {
		const ports = recordingPorts();
		const message = incoming(record("order.placed", { whole: true }));
		await consume([message], "deadLetters", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const { id } = read(String(message.body));
		expect(ports.recorded.stored).toMatchObject(
			HANDLERS.map((handler) => ({
				id: `${id}:${handler}`,
				handler,
				cause: "abandoned",
				body: '{"whole":true}',
			})),
		);
		expect(ports.recorded.transitions.map(({ type }) => type)).toEqual([
			"dead",
			"dead",
			"dead",
		]);
	});

	test("becomes a dead letter even if no handler matches the event any more", async () => {
		const ports = recordingPorts();
		const message = incoming(record("no.handler"));
		await consume([message], "deadLetters", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{ handler: "", cause: "abandoned" },
		]);
	});

	test("becomes one dead letter if it carries a delivery, with the first failure", async () => {
		const ports = recordingPorts();
		const delivery = {
			handler: "second",
			attempt: 2,
			firstFailureAt: 7,
			firstFailure: { name: "Error", message: "the first time" },
		};
		const message = incoming(record("order.placed", 1, delivery));
		await consume([message], "deadLetters", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{
				handler: "second",
				cause: "abandoned",
				firstFailureAt: 7,
				error: { message: "the first time" },
			},
		]);
	});

	test("has the same dead letters when it is delivered twice", async () => {
		const ports = recordingPorts();
		const text = record("order.placed");
		for (const attempts of [1, 2])
			await consume([incoming(text, { attempts })], "deadLetters", ports);
		const ids = ports.recorded.stored.map(({ id }) => id);
		expect(ids).toHaveLength(6);
		expect(new Set(ids).size).toBe(3);
	});
});

describe("a message of the dead-letter queue", () => {
	test("is acknowledged only after its dead letter is stored", async () => {
		const ports = recordingPorts();
		const { store } = ports.deadLetters;
		behaviours.set("first", () => {
			throw new Error("no");
		});
		const text = record("order.placed", 1, { handler: "first", attempt: 3 });
		await consume([incoming(text)], "retries", ports);
		const [deadLetter] = ports.recorded.deadLetters;

		ports.deadLetters.store = down;
		const rejected = incoming(deadLetter, { attempts: 3 });
		await consume([rejected], "deadLetters", ports);
		expect(rejected.verdicts).toEqual([{ retry: 20 }]);

		const { promise, resolve } = Promise.withResolvers<void>();
		ports.deadLetters.store = (all) => promise.then(() => store(all));
		const accepted = incoming(deadLetter, { attempts: 4 });
		const consumed = consume([accepted], "deadLetters", ports);
		await scheduler.wait(1);
		expect(accepted.verdicts).toEqual([]);
		resolve();
		await consumed;
		expect(accepted.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{ handler: "first", cause: "exhausted", body: "1" },
		]);
	});

	test("is reported once, when it is buried and not when it is stored", async () => {
		const burying = recordingPorts();
		behaviours.set("never", () => {
			throw new Error("no");
		});
		await consume([incoming(record("never.again"))], "events", burying);
		expect(burying.recorded.transitions).toMatchObject([{ type: "dead" }]);
		const storing = recordingPorts();
		const [text] = burying.recorded.deadLetters;
		await consume([incoming(text)], "deadLetters", storing);
		expect(storing.recorded.stored).toMatchObject([{ handler: "never" }]);
		expect(storing.recorded.transitions).toEqual([]);
	});

	test("survives a store that is down for 20 hours", async () => {
		const ports = recordingPorts();
		ports.deadLetters.store = down;
		let seconds = 0;
		for (let attempts = 1; attempts <= 100; attempts++) {
			const message = incoming(record("order.placed"), { attempts });
			await consume([message], "deadLetters", ports);
			const [verdict] = message.verdicts;
			seconds += typeof verdict === "object" ? (verdict.retry ?? 0) : 0;
		}
		expect(seconds * 1_000).toBeGreaterThan(20 * HOUR);
		expect(seconds * 1_000).toBeLessThan(14 * DAY);
	});

	test("is stored without a body that cannot be read for over an hour, whatever its age", async () => {
		const ports = recordingPorts();
		ports.payloads.get = down;
		const { body: _, ...rest } = read(record("order.placed"));
		const text = JSON.stringify({ ...rest, reference: rest.id });
		// A message that the platform gave up may keep the time of its first send.
		const sentAt = Date.now() - 600 * MINUTE;
		const waits: number[] = [];
		for (let attempts = 1; attempts < 100; attempts++) {
			const message = incoming(text, { attempts, sentAt });
			await consume([message], "deadLetters", ports);
			const [verdict] = message.verdicts;
			if (typeof verdict !== "object") break;
			waits.push(Number(verdict.retry));
		}
		expect(waits).toHaveLength(10);
		expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(85.25 * 60);
		expect(ports.recorded.stored.map(({ body }) => body)).toEqual([
			null,
			null,
			null,
		]);
	});

	test("is stored for any number of handlers within the bytes of a call", async () => {
		const handlers = new HandlerRegistry();
		for (let n = 0; n < 140; n++)
			register(handlers, ["order.placed"], [{ id: `h${n}` }, () => {}]);
		const ports = recordingPorts({ handlers });
		const calls: number[] = [];
		ports.deadLetters.store = async (deadLetters) =>
			void calls.push(JSON.stringify(deadLetters).length);
		const message = incoming(record("order.placed", "x".repeat(110_000)));
		await consume([message], "deadLetters", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(calls.length).toBeGreaterThan(1);
		expect(Math.max(...calls)).toBeLessThan(12_000_000);
	});
});
