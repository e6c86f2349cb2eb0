/** The life of an event on real queues and objects: its transitions, and what its handlers receive. */
import { env, waitUntil } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { NonRetryableError, type Transition } from "../../src/index.ts";
import { call, installKeys } from "../support/http.ts";
import worker, {
	behaviours,
	events,
	ownBatches,
	transitions,
} from "../support/worker.ts";

beforeAll(installKeys);

afterEach(() => {
	behaviours.clear();
	vi.restoreAllMocks();
});

const wait = { timeout: 10_000, interval: 10 };

/** The transitions of one event so far: `type handler attempt`. */
function lifeOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map((transition) =>
			[
				transition.type,
				"handler" in transition && transition.handler,
				"attempt" in transition && transition.attempt,
			]
				.filter(Boolean)
				.join(" "),
		);
}

/** Waits until the transitions of an event are exactly these, in any order. */
async function expectLife(id: string, life: string[]): Promise<void> {
	await vi.waitFor(() => expect(lifeOf(id).sort()).toEqual(life.sort()), wait);
}

test("a published event is delivered to each of its handlers", async () => {
	const before = Date.now();
	const receipt = await events.publish("order.placed", { orderId: "o1" });
	expect(receipt).toEqual({
		id: expect.any(String),
		time: expect.any(Number),
		delay: 0,
	});
	expect(receipt.time).toBeGreaterThanOrEqual(before);
	await expectLife(receipt.id, [
		"published",
		"delivered first 1",
		"delivered second 1",
		"delivered third 1",
	]);
});

test("a handler receives exactly id, name, body, time and delay, and a context", async () => {
	const seen = vi.fn();
	behaviours.set("load", (event, { attempt, handler, signal }) =>
		seen(event, { attempt, handler, aborted: signal.aborted }),
	);
	const { id, time } = await events.publish("load.one", { n: 1 });
	await vi.waitFor(
		() =>
			expect(seen).toHaveBeenCalledWith(
				{ id, name: "load.one", body: { n: 1 }, time, delay: 0 },
				{ attempt: 1, handler: "load", aborted: false },
			),
		wait,
	);
});

test.each([null, 0, "", false, [], "text"])(
	"the body %j arrives as it was published",
	async (body) => {
		const seen = vi.fn();
		behaviours.set("load", (event) => seen(event.body));
		const { id } = await events.publish("load.one", body);
		await expectLife(id, ["published", "delivered load 1"]);
		expect(seen.mock.calls).toEqual([[body]]);
	},
);

test("a failing handler is retried alone until it succeeds", async () => {
	behaviours.set("second", (_, { attempt }) => {
		if (attempt < 3) throw new Error(`no, ${attempt}`);
	});
	const { id } = await events.publish("order.placed", { orderId: "o2" });
	await expectLife(id, [
		"published",
		"delivered first 1",
		"retrying second 1",
		"delivered third 1",
		"retrying second 2",
		"delivered second 3",
	]);
});

test("a delivery whose retries are exhausted is a dead letter, which can be read, replayed and then delivered", async () => {
	behaviours.set("load", () => {
		const cause = new AggregateError([new Error("lost"), "closed"], "both");
		throw new TypeError("no\nway", { cause });
	});
	const { id } = await events.publish("load.one", { whole: ["event"] });
	await expectLife(id, ["published", "retrying load 1", "dead load 2"]);
	const path = `/v1/dead-letters/${encodeURIComponent(`${id}:load`)}`;
	await vi.waitFor(
		async () => expect((await call("GET", path)).status).toBe(200),
		wait,
	);
	const { json } = await call("GET", path);
	expect(json).toMatchObject({
		id: `${id}:load`,
		state: "dead",
		handler: "load",
		cause: "exhausted",
		attempts: 2,
		error: {
			name: "TypeError",
			message: "no\nway",
			stack: expect.stringContaining("TypeError"),
			cause: {
				name: "AggregateError",
				message: "both",
				errors: [{ message: "lost" }, { name: "string", message: "closed" }],
			},
		},
		event: { id, name: "load.one", body: { whole: ["event"] }, delay: 0 },
		replays: 0,
	});
	expect(json.lastFailureAt).toBeGreaterThanOrEqual(
		json.firstFailureAt + 1_000,
	);

	behaviours.clear();
	expect(await call("POST", `${path}/replay`)).toMatchObject({ status: 202 });
	await expectLife(id, [
		"published",
		"retrying load 1",
		"dead load 2",
		"replayed load",
		"delivered load 1",
	]);
	await vi.waitFor(
		async () =>
			expect((await call("GET", path)).json).toMatchObject({
				state: "resolved",
				replays: 1,
				history: [],
				error: { message: "no\nway" },
			}),
		wait,
	);
});

test("a replay runs only the handler that failed, from attempt 1, with the edited body", async () => {
	const first = vi.fn();
	behaviours.set("first", ({ body }) => {
		if (body === "broken") throw new NonRetryableError("fix it");
		first(body);
	});
	const { id } = await events.publish("order.placed", "broken");
	await expectLife(id, [
		"published",
		"dead first 1",
		"delivered second 1",
		"delivered third 1",
	]);
	const path = `/v1/dead-letters/${encodeURIComponent(`${id}:first`)}`;
	await vi.waitFor(
		async () => expect((await call("GET", path)).status).toBe(200),
		wait,
	);
	await call("POST", `${path}/replay`, { body: "fixed" });
	await expectLife(id, [
		"published",
		"dead first 1",
		"delivered second 1",
		"delivered third 1",
		"replayed first",
		"delivered first 1",
	]);
	expect(first.mock.calls).toEqual([["fixed"]]);
});

test("an attempt that does not end within its timeout has failed", async () => {
	behaviours.set(
		"slow",
		(_, { signal }) =>
			new Promise((resolve) => signal.addEventListener("abort", resolve)),
	);
	const { id } = await events.publish("slow.one", null);
	await expectLife(id, ["published", "dead slow 1"]);
	const [dead] = transitions.filter(
		(t): t is Transition & { type: "dead" } => t.id === id && t.type === "dead",
	);
	expect(dead).toMatchObject({
		cause: "exhausted",
		error: { name: "TimeoutError" },
	});
});

test("a scheduled event is delivered with its delay, not before its due time", async () => {
	const seen = vi.fn();
	behaviours.set("load", ({ delay, time }) => seen(delay, Date.now() - time));
	const { id, time, delay } = await events.publish(
		"load.one",
		{ after: 300 },
		{ n: 1 },
	);
	expect(delay).toBe(300);
	await expectLife(id, ["scheduled", "queued", "delivered load 1"]);
	const [[given, waited]] = seen.mock.calls as [[number, number]];
	expect(given).toBe(300);
	expect(waited).toBeGreaterThanOrEqual(300);
	expect(time).toBeLessThanOrEqual(Date.now());
});

test("a cancelled event is never delivered, and a second cancel returns false", async () => {
	const { id } = await events.publish("load.one", { after: "1 hour" }, 1);
	expect(await events.cancel(id)).toBe(true);
	expect(await events.cancel(id)).toBe(false);
	await expectLife(id, ["scheduled", "cancelled"]);
});

test("a rescheduled event is delivered at its new due time, and its delay counts from its publication", async () => {
	const seen = vi.fn();
	behaviours.set("load", ({ delay }) => seen(delay));
	const { id, time } = await events.publish("load.one", { after: "1 hour" }, 1);
	const moved = await events.reschedule(id, 200);
	expect(moved).toMatchObject({ id, time });
	await expectLife(id, [
		"scheduled",
		"rescheduled",
		"queued",
		"delivered load 1",
	]);
	expect(seen.mock.calls).toEqual([[(moved as { delay: number }).delay]]);
	expect(await events.reschedule(id, 200)).toBe(false);
});

test("an event that is published without await just before the response is delivered", async () => {
	const seen = vi.fn();
	behaviours.set("first", ({ body }) => seen(body));
	const { status } = await call("GET", "/not-awaited");
	expect(status).toBe(200);
	await vi.waitFor(
		() =>
			expect(seen).toHaveBeenCalledWith({
				from: "a publish that nobody awaits",
			}),
		wait,
	);
});

test("a handler by definition receives the schema's output, a handler by name the body as published", async () => {
	const seen: Record<string, unknown> = {};
	behaviours.set("welcome", ({ body }) => {
		seen.welcome = body;
	});
	behaviours.set("audit", ({ body }) => {
		seen.audit = body;
	});
	const body = { userId: "u1", email: "a@b.co", visits: "3" };
	const { id } = await events.publish("user.joined", body);
	await expectLife(id, [
		"published",
		"delivered welcome 1",
		"delivered audit 1",
	]);
	expect(seen).toEqual({ welcome: { ...body, visits: 3 }, audit: body });
});

test("an event with three healthy handlers costs exactly one queue write", async () => {
	const queues = ["EVENTS_QUEUE", "RETRIES_QUEUE", "DEAD_LETTERS_QUEUE"].map(
		(name) => (env as unknown as Record<string, Queue>)[name] as Queue,
	);
	const writes = queues.flatMap((queue) => [
		vi.spyOn(queue, "send"),
		vi.spyOn(queue, "sendBatch"),
	]);
	const { id } = await events.publish("order.placed", 1);
	await expectLife(id, [
		"published",
		"delivered first 1",
		"delivered second 1",
		"delivered third 1",
	]);
	expect(writes.map((write) => write.mock.calls.length)).toEqual([
		1, 0, 0, 0, 0, 0,
	]);
});

test("work that a handler passes to waitUntil neither delays nor repeats other messages of its batch", async () => {
	const work = Promise.withResolvers<void>();
	behaviours.set("load", ({ body }) => {
		if (body === 0) waitUntil(work.promise.catch(() => {}));
	});
	const receipts = await events.publishBatch(
		[0, 1, 2].map((body) => ({ name: "load.one", body })),
	);
	for (const { id } of receipts)
		await expectLife(id, ["published", "delivered load 1"]);
	work.reject(new Error("too late to matter"));
	const after = await events.publish("load.one", 3);
	await expectLife(after.id, ["published", "delivered load 1"]);
	for (const { id } of receipts)
		expect(lifeOf(id).sort()).toEqual(["delivered load 1", "published"]);
});

test("batches of other queues reach the user's own handler", async () => {
	const batch = { queue: "somebody-else", messages: [] };
	await worker.queue(batch as never, env as never, {} as never);
	expect(ownBatches).toEqual(["somebody-else"]);
});
