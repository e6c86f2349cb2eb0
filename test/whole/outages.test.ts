/** Outages and mistakes in the configuration: events may be late, but are neither lost nor falsely dead. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { NonRetryableError } from "../../src/index.ts";
import { portsOf } from "../../src/registration.ts";
import { worker } from "../../src/worker.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";

afterEach(() => behaviours.clear());

describe("a dead letter that neither its queue, nor its store, nor the scheduler stores", () => {
	function portsInAnOutage() {
		const ports = recordingPorts();
		ports.deadLettersQueue.send = down;
		ports.deadLetters.store = down;
		ports.scheduler.store = down;
		return ports;
	}

	function failing(id: string) {
		behaviours.set(id, () => {
			throw new NonRetryableError("no");
		});
	}

	test("repeats only its own handler, in a message of its own", async () => {
		const ports = portsInAnOutage();
		failing("second");
		const message = incoming(record("order.placed"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const deliveries = ports.recorded.retries.map(({ record }) => read(record));
		expect(deliveries).toMatchObject([
			{ delivery: { handler: "second", attempt: 1 } },
			{ delivery: { handler: "third", attempt: 1 } },
		]);
	});

	test("redelivers its event if the retries queue is down, too", async () => {
		const ports = portsInAnOutage();
		failing("never");
		ports.retriesQueue.sendBatch = down;
		const message = incoming(record("never.again"));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
	});
});

test("the batch of an unknown queue is redelivered in an hour: it is neither acknowledged nor abandoned within seconds", async () => {
	const retryAll = vi.fn();
	const batch = { queue: "misspelt", messages: [], retryAll };
	await worker(events).queue(batch as never, {} as never, {} as never);
	expect(retryAll).toHaveBeenCalledWith({ delaySeconds: 3_600 });
});

test("events in a queue that TIDINGS_QUEUES does not name never reach the user's own handler", async () => {
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
])(
	"a Worker without %s does not start, and its error names what is missing",
	(name) => {
		const bindings = env as unknown as Record<string, unknown>;
		const { [name]: removed } = bindings;
		delete bindings[name];
		try {
			expect(() => worker(events)).toThrow(name);
		} finally {
			bindings[name] = removed;
		}
		expect(() => worker(events)).not.toThrow();
	},
);

test("a watch that fails rejects the cron, but only after the user's own cron has ended", async () => {
	const begun = Promise.withResolvers<void>();
	const own = worker(events, { scheduled: () => begun.promise });
	const watch = vi.spyOn(portsOf(events).scheduler, "watch");
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
