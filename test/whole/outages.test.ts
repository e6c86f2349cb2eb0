/** What an outage, a deploy or a clock does to what is under way: late perhaps, never lost, never falsely dead. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { Handlers, handlerOf } from "../../src/handlers/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../src/index.ts";
import { ownerOf } from "../../src/owner.ts";
import { worker } from "../../src/worker.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, keeping } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";

afterEach(() => behaviours.clear());

const MINUTE = 60_000;
const DAY = 86_400_000;

function failing(id: string, thrown: unknown = new Error("no")) {
	const ran = vi.fn(() => {
		throw thrown;
	});
	behaviours.set(id, ran);
	return ran;
}

test("a delivery that an outage brought back twenty times is still tried", async () => {
	const ports = keeping();
	const ran = vi.fn();
	behaviours.set("never", ran);
	const delivery = { handler: "never", attempt: 1 };
	const message = incoming(record("never.again", 1, delivery), {
		attempts: 21,
	});
	await consume([message], "retries", ports);
	expect(ran).toHaveBeenCalledTimes(1);
	expect(ports.kept.transitions).toMatchObject([{ type: "delivered" }]);
});

test("a message of a newer version is read a handful of times in its hour, so that the deploy that can read it still tries it", async () => {
	let now = Date.UTC(2027, 0, 1);
	const sentAt = now;
	const ports = keeping({ clock: () => now });
	let attempts = 1;
	for (; ports.kept.letters.length === 0 && attempts < 100; attempts++) {
		const message = incoming('{"v":2}', { attempts, sentAt });
		await consume([message], "retries", ports);
		const [verdict] = message.verdicts;
		now += typeof verdict === "object" ? (verdict.retry ?? 0) * 1_000 : 0;
	}
	expect(now - sentAt).toBe(60 * MINUTE);
	expect(attempts).toBeLessThan(10);
});

describe("an ending that cannot be written down", () => {
	test("goes to the store when its queue takes nothing, and to the scheduler when neither does", async () => {
		const ports = keeping();
		const ran = failing("never", new NonRetryableError("no"));
		ports.deadLetters.send = down;
		ports.letters.store = down;
		const message = incoming(record("never.again", { whole: true }));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ran).toHaveBeenCalledTimes(1);
		const [row] = ports.kept.held;
		expect(row).toMatchObject({ handler: "never", version: 2 });

		// When its time comes it travels the retries queue, and is a letter there as well.
		const again = keeping();
		const letter = incoming(row?.record);
		await consume([letter], "retries", again);
		expect(letter.verdicts).toEqual(["ack"]);
		expect(again.kept.letters).toMatchObject([
			{ handler: "never", cause: "non_retryable", body: '{"whole":true}' },
		]);
	});

	test("keeps the body as it was published, though the handler changed its own", async () => {
		const ports = keeping();
		ports.deadLetters.send = down;
		behaviours.set("never", ({ body }) => {
			(body as { n: number }).n = 99;
			throw new NonRetryableError("no");
		});
		await consume([incoming(record("never.again", { n: 1 }))], "events", ports);
		expect(ports.kept.letters).toMatchObject([{ body: '{"n":1}' }]);
	});

	test("brings the message again only when nobody at all takes it", async () => {
		const ports = keeping();
		failing("never", new NonRetryableError("no"));
		ports.deadLetters.send = down;
		ports.letters.store = down;
		ports.scheduler.store = down;
		ports.retries.sendBatch = down;
		const message = incoming(record("never.again"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
	});

	test("repeats only its own handler where the retries queue takes that", async () => {
		const ports = keeping();
		failing("second", new NonRetryableError("no"));
		ports.deadLetters.send = down;
		ports.letters.store = down;
		ports.scheduler.store = down;
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const deliveries = ports.kept.retries.map(({ record }) => read(record));
		expect(deliveries).toMatchObject([
			{ delivery: { handler: "second", attempt: 1 } },
			{ delivery: { handler: "third", attempt: 1 } },
		]);
	});
});

describe("a delivery that was split", () => {
	test("counts its maxAge from its first message, not from each try", async () => {
		const sentAt = Date.UTC(2027, 0, 1);
		const ports = keeping({ clock: () => sentAt + 15 * DAY });
		failing("ampt");
		const text = record("ampt.like", 1, { handler: "ampt", attempt: 1 });
		const message = incoming(text, { attempts: 50, sentAt });
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(read(ports.kept.deadLetters[0] ?? "").letter).toMatchObject({
			cause: "expired",
			attempts: 50,
			firstFailureAt: sentAt,
		});
	});

	test("waits in the scheduler when the queue takes no deliveries", async () => {
		const ports = keeping();
		ports.retries.sendBatch = down;
		const message = incoming(record("order.placed"), { attempts: 2 });
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(
			ports.kept.held.map(({ handler, version }) => [handler, version]),
		).toEqual([
			["first", 1],
			["second", 1],
			["third", 1],
		]);
	});
});

describe("what a handler asks for", () => {
	test.each([
		["in the past", new Date(0), 1],
		["beyond all dates", new Date(8.64e15), 365 * 86_400],
	])(
		"a retry %s is at least a second and at most a year away",
		async (_, at, seconds) => {
			const now = Date.now();
			const ports = keeping({ clock: () => now });
			failing("long", new RetryAfterError("later", at));
			const message = incoming(record("long.wait"));
			await consume([message], "events", ports);
			expect(message.verdicts).toEqual(["ack"]);
			const [sent] = ports.kept.retries;
			const [held] = ports.kept.held;
			expect(sent?.delaySeconds ?? ((held?.dueAt ?? 0) - now) / 1_000).toBe(
				seconds,
			);
		},
	);

	test("a thrown value whose getters throw fails its own attempt alone", async () => {
		const ports = keeping();
		const first = vi.fn();
		behaviours.set("first", first);
		const hostile = {
			get: () => {
				throw new Error("hands off");
			},
		};
		failing("second", new Proxy({}, hostile));
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(first).toHaveBeenCalledTimes(1);
		expect(ports.kept.transitions.map(({ type }) => type)).toEqual([
			"delivered",
			"retrying",
			"delivered",
		]);
	});
});

describe("a body that travels by reference", () => {
	const large = () => {
		const envelope = read(record("order.placed"));
		const { body: _, ...rest } = envelope;
		return JSON.stringify({ ...rest, reference: rest.id });
	};

	test("that cannot be kept longer now repeats no sibling and shortens no wait", async () => {
		const ports = keeping();
		const text = large();
		ports.kept.payloads.set(read(text).id, { text: '"large"', until: 0 });
		ports.payloads.keep = down;
		const first = vi.fn();
		behaviours.set("first", first);
		failing("second");
		const message = incoming(text);
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(first).toHaveBeenCalledTimes(1);
		expect(ports.kept.retries).toMatchObject([{ delaySeconds: 1 }]);
	});

	test("that cannot be read for an hour leaves a letter without it rather than none", async () => {
		const ports = keeping();
		ports.payloads.get = down;
		// However old the message was when it came: one that was given up may have kept its time.
		const sentAt = Date.now() - 600 * MINUTE;
		const waits: number[] = [];
		for (let attempts = 1; ; attempts++) {
			const message = incoming(large(), { attempts, sentAt });
			await consume([message], "deadLetters", ports);
			const [verdict] = message.verdicts;
			if (typeof verdict !== "object") break;
			waits.push(Number(verdict.retry));
		}
		expect(waits).toHaveLength(10);
		expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(85.25 * 60);
		expect(ports.kept.letters.map(({ body }) => body)).toEqual([
			null,
			null,
			null,
		]);
	});
});

test("letters of many handlers are stored within the bytes of a call", async () => {
	const ports = keeping();
	const calls: number[] = [];
	ports.letters.store = async (letters) =>
		void calls.push(JSON.stringify(letters).length);
	const handlers = new Handlers();
	for (let n = 0; n < 140; n++)
		handlers.add(handlerOf(["order.placed"], { id: `h${n}` }, () => {}));
	ports.handlers = handlers;
	const message = incoming(record("order.placed", "x".repeat(110_000)));
	await consume([message], "deadLetters", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(calls.length).toBeGreaterThan(1);
	expect(Math.max(...calls)).toBeLessThan(12_000_000);
});

test("a queue that nobody takes is not acked and not used up in seconds", async () => {
	const retryAll = vi.fn();
	const batch = { queue: "misspelt", messages: [], retryAll };
	await worker(events).queue(batch as never, {} as never, {} as never);
	expect(retryAll).toHaveBeenCalledWith({ delaySeconds: 3_600 });
});

test("events in a queue that TIDINGS_QUEUES does not name never go to the user's own handler", async () => {
	const queue = vi.fn();
	const retryAll = vi.fn();
	const own = worker(events, { queue });
	const batch = (body: unknown) => ({
		queue: "misspelt",
		messages: [incoming(body)],
		retryAll,
	});
	await own.queue(
		batch(record("order.placed")) as never,
		{} as never,
		{} as never,
	);
	expect(queue).not.toHaveBeenCalled();
	expect(retryAll).toHaveBeenCalledWith({ delaySeconds: 3_600 });
	const theirs = [{ any: "body" }, { v: 2, any: "body" }, "text", 7];
	for (const body of theirs)
		await own.queue(batch(body) as never, {} as never, {} as never);
	expect(queue).toHaveBeenCalledTimes(theirs.length);
});

test.each([
	"TIDINGS_QUEUES",
	"EVENTS_QUEUE",
	"RETRIES_QUEUE",
	"DEAD_LETTERS_QUEUE",
])("a Worker without %s does not start, and says what to add", (name) => {
	const bindings = env as unknown as Record<string, unknown>;
	const { [name]: kept } = bindings;
	delete bindings[name];
	try {
		expect(() => worker(events)).toThrow(name);
	} finally {
		bindings[name] = kept;
	}
	expect(() => worker(events)).not.toThrow();
});

test("the cron trigger waits for the shards: a failed watch is reported, and the user's own cron still runs", async () => {
	const begun = Promise.withResolvers<void>();
	const own = worker(events, { scheduled: () => begun.promise });
	const watch = vi.spyOn(ownerOf(events).scheduler, "watch");
	watch.mockRejectedValue(new Error("down"));
	const cron = own.scheduled({} as never, {} as never, {} as never);
	await vi.waitFor(() => expect(watch).toHaveBeenCalled());
	let over = false;
	const ended = cron
		.catch(() => {})
		.then(() => {
			over = true;
		});
	await Promise.resolve();
	expect(over).toBe(false);
	begun.resolve();
	await ended;
	await expect(cron).rejects.toThrow("down");
	watch.mockRestore();
});
