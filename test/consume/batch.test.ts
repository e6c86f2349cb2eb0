/** Concurrency within one batch: limited per Worker by calls and by the size of their events, which bounds memory. */
import { afterEach, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { deadLetterId } from "../../src/event/dead-letter.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";
import { FakeWorker, owning } from "../support/worker-binding.ts";

afterEach(() => behaviours.clear());

const times = <Each>(count: number, make: () => Each) =>
	Array.from({ length: count }, make);

/** Counts the calls that are in it, and lets none out before it is opened. */
function gate() {
	const { promise, resolve } = Promise.withResolvers<void>();
	const inside = { now: 0, most: 0 };
	const enter = async () => {
		inside.now++;
		inside.most = Math.max(inside.most, inside.now);
		await promise;
		inside.now--;
	};
	return { inside, enter, open: resolve };
}

function referring(name: string): string {
	const { body: _, ...head } = read(record(name));
	return JSON.stringify({ ...head, reference: "stored" });
}

test("32 messages of a batch run concurrently", async () => {
	const { inside, enter, open } = gate();
	behaviours.set("never", enter);
	const messages = times(100, () => incoming(record("never.again")));
	const consumed = consume(messages, "events", recordingPorts());
	await vi.waitFor(() => expect(inside.now).toBe(32));
	open();
	await consumed;
	expect(inside.most).toBe(32);
	expect(messages.flatMap(({ verdicts }) => verdicts)).toEqual(
		messages.map(() => "ack"),
	);
});

test("events of 100 KB run concurrently up to 2 000 000 characters together", async () => {
	const { inside, enter, open } = gate();
	behaviours.set("never", enter);
	const text = record("never.again", "x".repeat(100_000));
	const messages = times(100, () => incoming(text));
	const consumed = consume(messages, "events", recordingPorts());
	const fit = Math.floor(2_000_000 / text.length);
	await vi.waitFor(() => expect(inside.now).toBe(fit));
	open();
	await consumed;
	expect(inside.most).toBe(fit);
	expect(messages.flatMap(({ verdicts }) => verdicts)).toEqual(
		messages.map(() => "ack"),
	);
});

test("a larger event runs alone, and the messages after it wait until it ends", async () => {
	const ran: number[] = [];
	const { inside, enter, open } = gate();
	behaviours.set("never", ({ body }) => {
		ran.push((body as string).length);
		return enter();
	});
	const messages = [10, 3_000_000, 20, 30].map((length) =>
		incoming(record("never.again", "x".repeat(length))),
	);
	const consumed = consume(messages, "events", recordingPorts());
	await vi.waitFor(() => expect(ran).toEqual([10]));
	open();
	await consumed;
	expect(ran).toEqual([10, 3_000_000, 20, 30]);
	expect(inside.now).toBe(0);
});

test("seven bodies by reference are loaded concurrently, because each may have 256 KB", async () => {
	const { inside, enter, open } = gate();
	behaviours.set("never", enter);
	const ports = recordingPorts();
	const get = vi.fn(async () => "1");
	ports.payloads = { ...ports.payloads, get };
	const messages = times(20, () => incoming(referring("never.again")));
	const consumed = consume(messages, "events", ports);
	await vi.waitFor(() => expect(inside.now).toBe(7));
	expect(get).toHaveBeenCalledTimes(7);
	open();
	await consumed;
	expect(inside.most).toBe(7);
	expect(get).toHaveBeenCalledTimes(20);
});

test("seven dead letters are stored concurrently if their bodies are stored by reference", async () => {
	const { inside, enter, open } = gate();
	const ports = recordingPorts();
	const get = async () => enter().then(() => "1");
	ports.payloads = { ...ports.payloads, get };
	const messages = times(20, () => incoming(referring("never.again")));
	const consumed = consume(messages, "deadLetters", ports);
	await vi.waitFor(() => expect(inside.now).toBe(7));
	open();
	await consumed;
	expect(inside.most).toBe(7);
	expect(ports.recorded.stored.map(({ id }) => id)).toEqual(
		messages.map(({ body }) => deadLetterId(read(String(body)).id, "never")),
	);
});

test("a body is loaded once for each Worker, when the call of that Worker starts", async () => {
	const { enter, open } = gate();
	const fake = new FakeWorker();
	const { does } = fake;
	fake.does = async (call, report) => {
		await enter();
		await does(call, report);
	};
	const ran = vi.fn();
	behaviours.set("first", ran);
	const { ports } = owning(fake, { own: true });
	const get = vi.fn(async () => "1");
	ports.payloads = { ...ports.payloads, get };
	const messages = times(20, () => incoming(referring("order.placed")));
	const consumed = consume(messages, "events", ports);
	// The owner's handlers have received all 20 events. The other Worker has started with seven.
	await vi.waitFor(() => expect(ran).toHaveBeenCalledTimes(20));
	await vi.waitFor(() => expect(fake.calls).toHaveLength(7));
	expect(get).toHaveBeenCalledTimes(20 + 7);
	open();
	await consumed;
	expect(fake.calls).toHaveLength(20);
	expect(get).toHaveBeenCalledTimes(20 + 20);
});

test("after a large event has ended, 32 messages run concurrently again", async () => {
	const { inside, enter, open } = gate();
	behaviours.set("never", ({ body }) =>
		(body as string).length > 10 ? undefined : enter(),
	);
	const lengths = [3_000_000, ...times(40, () => 10)];
	const messages = lengths.map((length) =>
		incoming(record("never.again", "x".repeat(length))),
	);
	const consumed = consume(messages, "events", recordingPorts());
	await vi.waitFor(() => expect(inside.now).toBe(32));
	open();
	await consumed;
});

test.each([
	["events", undefined],
	["retries", { handler: "never", attempt: 1 }],
	["deadLetters", undefined],
] as const)(
	"a message of %s that can be stored nowhere holds up no later message",
	async (role, delivery) => {
		const { inside, enter, open } = gate();
		behaviours.set("never", () => {
			throw new Error("no");
		});
		const ports = recordingPorts();
		const store = async () => enter().then(() => down());
		ports.retriesQueue = { send: store, sendBatch: store };
		ports.deadLettersQueue = { send: store, sendBatch: store };
		ports.scheduler.store = down;
		ports.deadLetters.store = role === "deadLetters" ? store : down;
		const messages = times(100, () =>
			incoming(record("never.again", 1, delivery)),
		);
		const consumed = consume(messages, role, ports);
		await vi.waitFor(() => expect(inside.now).toBe(32));
		open();
		await consumed;
		expect(messages.flatMap(({ verdicts }) => verdicts)).toEqual(
			messages.map(() => ({ retry: 5 })),
		);
	},
);
