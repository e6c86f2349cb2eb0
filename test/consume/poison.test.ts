import { afterEach, expect, test } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const HOUR = 3_600_000;

test.each([
	"",
	"not json",
	"[]",
	7,
	null,
	'{"v":1}',
	'{"v":0,"id":"a"}',
	{ id: "a" },
])(
	"the message %j is no envelope: it becomes one dead letter and is acked",
	async (body) => {
		const ports = recordingPorts();
		const message = incoming(body);
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.stored).toMatchObject([
			{ id: `message-${message.id}:`, cause: "unreadable", handler: "" },
		]);
	},
);

test("poison at any position of a batch leaves the other 99 as they are", async () => {
	for (const position of [0, 50, 99]) {
		const ports = recordingPorts();
		const messages = Array.from({ length: 100 }, (_, index) =>
			incoming(index === position ? "poison" : record("order.placed")),
		);
		await consume(messages, "events", ports);
		expect(messages.map(({ verdicts }) => verdicts)).toEqual(
			messages.map(() => ["ack"]),
		);
		expect(ports.recorded.stored).toHaveLength(1);
		expect(
			ports.recorded.transitions.filter(({ type }) => type === "delivered"),
		).toHaveLength(297);
	}
});

test("an envelope of a newer version is tried again for an hour, then it is a dead letter that says so", async () => {
	const text = '{"v":2,"whatever":true}';
	const ports = recordingPorts();
	const young = incoming(text, { sentAt: Date.now() - HOUR + 60_000 });
	await consume([young], "retries", ports);
	expect(young.verdicts).toEqual([{ retry: 60 }]);
	expect(ports.recorded.stored).toEqual([]);

	// One that is old already may be new to this deploy.
	const backlogged = incoming(text, { sentAt: Date.now() - 9 * HOUR });
	await consume([backlogged], "retries", ports);
	expect(backlogged.verdicts).toEqual([{ retry: 600 }]);

	const old = incoming(text, { sentAt: Date.now() - HOUR, attempts: 7 });
	await consume([old], "retries", ports);
	expect(old.verdicts).toEqual(["ack"]);
	expect(ports.recorded.stored).toMatchObject([
		{ cause: "newer_version", body: JSON.stringify(text) },
	]);
});

test("a delivery whose handler is gone waits without using up attempts, for an hour, then it is a dead letter that says so", async () => {
	let now = 1_000_000_000_000;
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
	expect(now).toBe(1_000_000_000_000 + HOUR);
	expect(rounds).toBeLessThan(10);
	expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
		handler: "gone",
		cause: "unknown_handler",
		attempts: 3,
	});
});

test("a delivery whose attempts never come back ends at its limit, unrun, as a dead letter", async () => {
	const ports = recordingPorts();
	behaviours.set("first", () => {
		throw new Error("it must not run");
	});
	const delivery = { handler: "first", attempt: 1 };
	const message = incoming(record("order.placed", 1, delivery), {
		attempts: 24,
	});
	await consume([message], "retries", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
		cause: "crashed",
		attempts: 23,
	});
});

test("an event that the platform gave up becomes one dead letter for each of its handlers", async () => {
	const ports = recordingPorts();
	const message = incoming(record("order.placed", { whole: true }));
	await consume([message], "deadLetters", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(
		ports.recorded.stored.map(({ handler, cause, body }) => ({
			handler,
			cause,
			body,
		})),
	).toEqual(
		["first", "second", "third"].map((handler) => ({
			handler,
			cause: "abandoned",
			body: '{"whole":true}',
		})),
	);
});

test("an event that the platform gave up and that no handler matches any more is a letter all the same", async () => {
	const ports = recordingPorts();
	const message = incoming(record("nobody.cares"));
	await consume([message], "deadLetters", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.stored).toMatchObject([
		{ handler: "", cause: "abandoned" },
	]);
});

test("an event that comes again and that no handler matches is ignored, and that is told", async () => {
	const ports = recordingPorts();
	const message = incoming(record("nobody.cares"), { attempts: 2 });
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.transitions).toMatchObject([{ type: "ignored" }]);
});

test("a delivery that the platform gave up becomes one dead letter, with what is known of its failure", async () => {
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

test("a letter is not acked before it is stored", async () => {
	const ports = recordingPorts();
	const stored = ports.deadLetters.store;
	ports.deadLetters.store = down;
	const text = record("order.placed", 1, { handler: "first", attempt: 3 });
	behaviours.set("first", () => {
		throw new Error("no");
	});
	await consume([incoming(text)], "retries", ports);
	const letter = ports.recorded.deadLetters[0];

	const refused = incoming(letter, { attempts: 3 });
	await consume([refused], "deadLetters", ports);
	expect(refused.verdicts).toEqual([{ retry: 20 }]);

	ports.deadLetters.store = stored;
	const taken = incoming(letter, { attempts: 4 });
	await consume([taken], "deadLetters", ports);
	expect(taken.verdicts).toEqual(["ack"]);
	expect(ports.recorded.stored).toMatchObject([
		{ handler: "first", cause: "exhausted" },
	]);
});

test("a hundred refused letters wait for longer than a store that is down for 20 hours", async () => {
	const ports = recordingPorts();
	ports.deadLetters.store = down;
	const letter = record("order.placed");
	let seconds = 0;
	for (let attempts = 1; attempts <= 100; attempts++) {
		const message = incoming(letter, { attempts });
		await consume([message], "deadLetters", ports);
		const [verdict] = message.verdicts;
		seconds += typeof verdict === "object" ? (verdict.retry ?? 0) : 0;
	}
	expect(seconds).toBeGreaterThan(20 * 3_600);
	expect(seconds).toBeLessThan(14 * 86_400);
});

test("when the dead-letter queue takes no letter, it is stored directly", async () => {
	const ports = recordingPorts();
	ports.deadLettersQueue.send = down;
	behaviours.set("never", () => {
		throw new Error("no");
	});
	const message = incoming(record("never.again"));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ports.recorded.stored).toMatchObject([
		{ handler: "never", cause: "exhausted" },
	]);
});

test("an envelope tells what it is where its queue says otherwise", async () => {
	const ports = recordingPorts();
	const ran: number[] = [];
	behaviours.set("first", (_, { attempt }) => ran.push(attempt));
	const delivery = { handler: "first", attempt: 2 };
	const message = incoming(record("order.placed", 1, delivery));
	await consume([message], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(ran).toEqual([2]);
	expect(ports.recorded.transitions).toMatchObject([
		{ type: "delivered", handler: "first" },
	]);
});
