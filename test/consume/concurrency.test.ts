/** What a batch has under way at once, by the size of its events, so that memory is bounded whatever they hold. */
import { afterEach, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { deadLetterId } from "../../src/event/dead-letter.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";
import { FakeWorker, owning } from "../support/worker-binding.ts";

afterEach(() => behaviours.clear());

const times = <Each>(count: number, make: () => Each) =>
	Array.from({ length: count }, make);

/** Counts who is in it, and lets nobody out before it is opened. */
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
	return JSON.stringify({ ...head, reference: "kept" });
}

test("events of 100 KB run beside each other while they are 2 000 000 characters at the most", async () => {
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

test("an event that is larger than that runs alone, and those behind it wait for their turn", async () => {
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

test("seven bodies that travel by reference are read at once, each of 256 KB perhaps", async () => {
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

test("letters are stored seven at once where their bodies travel by reference", async () => {
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

test("a body is read once for the Workers that are called at the same time, and is not kept for one that is late", async () => {
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
	// A Worker that has not told its handlers yet is called later.
	for (const consumer of ports.workers.all) await consumer.routes();
	const messages = times(20, () => incoming(referring("order.placed")));
	const consumed = consume(messages, "events", ports);
	// The owner's own handlers have had all of them, the Worker has begun with seven.
	await vi.waitFor(() => expect(ran).toHaveBeenCalledTimes(20));
	expect(fake.calls).toHaveLength(7);
	expect(get).toHaveBeenCalledTimes(20);
	open();
	await consumed;
	expect(fake.calls).toHaveLength(20);
	expect(get).toHaveBeenCalledTimes(20 + 13);
});
