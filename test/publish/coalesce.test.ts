/** On the real queue: the number of calls of concurrent publishes. */
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Scheduler } from "../../src/schedule/scheduler-object.ts";
import { incoming, record } from "../support/incoming.ts";
import own, {
	behaviours,
	events,
	requests,
	transitions,
	UserJoined,
} from "../support/worker.ts";

const queue = (env as unknown as { EVENTS_QUEUE: Queue }).EVENTS_QUEUE;
const { default: self } = exports as unknown as { default: Fetcher };

/** The number of messages of each call, or "one" for a single send. */
let calls: (number | "one")[] = [];

beforeEach(() => {
	calls = [];
	const { send, sendBatch } = queue;
	vi.spyOn(queue, "send").mockImplementation((...args) => {
		calls.push("one");
		return send.apply(queue, args);
	});
	vi.spyOn(queue, "sendBatch").mockImplementation((messages, options) => {
		const all = [...messages];
		calls.push(all.length);
		return sendBatch.call(queue, all, options);
	});
});
afterEach(() => {
	vi.restoreAllMocks();
	requests.clear();
	behaviours.clear();
});

function many<Item>(count: number, each: (n: number) => Item): Item[] {
	return Array.from({ length: count }, (_, n) => each(n));
}

function deliveredTo(handler: string): number {
	return transitions.filter(
		(transition) =>
			transition.type === "delivered" && transition.handler === handler,
	).length;
}

test("1 000 concurrent publishes are ten calls of the queue, and each has its own receipt", async () => {
	const receipts = await Promise.all(
		many(1_000, (n) => events.publish("order.unhandled", n)),
	);
	expect(calls).toEqual(many(10, () => 100));
	expect(new Set(receipts.map(({ id }) => id)).size).toBe(1_000);
});

test("a single publish is one send", async () => {
	await events.publish("order.unhandled", null);
	await events.publish("order.unhandled", null);
	expect(calls).toEqual(["one", "one"]);
});

test("concurrent publishes with and without schemas, by name and by definition, are one call", async () => {
	const user = { userId: "u1", email: "ada@example.com" };
	await Promise.all([
		events.publish("order.unhandled", null),
		events.publish("user.joined", user),
		UserJoined.publish(user),
		events.publish(UserJoined, user),
		events.publish("order.unhandled", 5),
	]);
	expect(calls).toEqual([5]);
});

test("a rejected publish is in no call, and rejects no other", async () => {
	const ends = await Promise.allSettled([
		events.publish("order.unhandled", 1),
		events.publish("user.joined", { userId: 5 } as never),
		events.publish("not a name", 2),
		events.publish("order.unhandled", 3),
	]);
	expect(ends.map(({ status }) => status)).toEqual([
		"fulfilled",
		"rejected",
		"rejected",
		"fulfilled",
	]);
	expect(calls).toEqual([2]);
});

test("a publish that the handler does not await outlives the response", async () => {
	const before = deliveredTo("load");
	requests.set("/leaving", async () => {
		many(150, (n) => events.publish("load.one", n));
	});
	await (await self.fetch("https://events.test/leaving")).text();
	await vi.waitFor(() => expect(deliveredTo("load") - before).toBe(150), {
		timeout: 10_000,
	});
	expect(calls).toEqual([100, 50]);
});

test("concurrent publishes of the handlers of one batch are one call", async () => {
	behaviours.set("load", ({ body }) => events.publish("order.unhandled", body));
	await events.publishBatch(many(20, (n) => ({ name: "load.one", body: n })));
	const inHandlers = () => calls.slice(1);
	await vi.waitFor(() => expect(inHandlers()).toEqual([20]), {
		timeout: 10_000,
	});
});

describe("a shard that is unavailable for a moment", () => {
	/** Fails like the platform. */
	const fails = async () => {
		throw Object.assign(new Error("internal error"), { retryable: true });
	};

	test("is called again by the publisher, and the publish resolves", async () => {
		vi.spyOn(Math, "random").mockReturnValue(0);
		const store = vi.spyOn(Scheduler.prototype, "store");
		store.mockImplementationOnce(fails);
		const { id } = await events.publish("a.b", { after: "1 hour" }, 1);
		expect(store).toHaveBeenCalledTimes(2);
		expect(await events.cancel(id)).toBe(true);
	});

	test("is called once by the consumer, whose message is redelivered", async () => {
		const store = vi.spyOn(Scheduler.prototype, "store");
		store.mockImplementation(fails);
		behaviours.set("long", () => {
			throw new Error("not yet");
		});
		const message = incoming(
			record("long.wait", 1, { handler: "long", attempt: 1 }),
		);
		const batch = { queue: "test-retries", messages: [message] };
		await own.queue(batch as never, env as never, {} as never);
		expect(store).toHaveBeenCalledTimes(1);
		expect(message.verdicts).toEqual([{ retry: expect.any(Number) }]);
	});
});
