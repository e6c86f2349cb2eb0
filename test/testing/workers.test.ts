/** The test kit on the real runtime, as a user writes tests with it in Workers. */
import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createEvents, type TidingsEvent } from "tidings";
import { createClient } from "tidings/client";
import { createTestEvents, createTestPublisher } from "tidings/testing/workers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { installKeys, keyOf } from "../support/http.ts";
import { behaviours, events, UserJoined } from "../support/worker.ts";
import { kitClaims } from "./kit-claims.ts";

beforeAll(installKeys);
afterEach(async () => {
	behaviours.clear();
	await reset();
});

const user = { userId: "u1", email: "ada@example.com" };
const day = 86_400_000;

describe("a bus over real queues and objects", () => {
	test("settle runs what is due, and advance the retries and schedules after it, in their order", async () => {
		const seen: [delay: number, now: number, date: Date][] = [];
		behaviours.set("load", async ({ delay }) => {
			seen.push([delay, Date.now(), new Date()]);
			if (delay === 0)
				await events.publish("load.one", { after: "2 days" }, null);
		});
		using bus = createTestEvents(events);
		const startedAt = Number(bus.now);
		bus.failNext("load");
		await bus.publish("load.one", { n: 1 });
		await bus.settle();
		expect(bus.attempts("load")).toMatchObject([
			{ outcome: "failed", error: { message: /failNext/ } },
		]);
		await bus.advance("1 minute");
		expect(bus.attempts("load")).toMatchObject([
			{ outcome: "failed" },
			{ outcome: "delivered", attempt: 2, event: { body: { n: 1 } } },
		]);
		await bus.advance("3 days");
		expect(bus.published("load.one")).toMatchObject([
			{ body: { n: 1 }, delay: 0 },
			{ body: null, delay: 2 * day },
		]);
		expect(bus.attempts().map(({ outcome }) => outcome)).toEqual([
			"failed",
			"delivered",
			"delivered",
		]);
		const [, scheduled] = seen;
		const [delay, now, date] = scheduled as NonNullable<typeof scheduled>;
		expect(delay).toBe(2 * day);
		expect(now).toBeGreaterThanOrEqual(startedAt + 2 * day);
		expect(now).toBeLessThan(startedAt + 2 * day + 120_000);
		expect(date.getTime() - now).toBeLessThan(1_000);
		expect(Number(bus.now)).toBeGreaterThanOrEqual(startedAt + 3 * day);
		expect(bus.deadLetters()).toEqual([]);
	});

	test("a waiting retry is listed, as any long one, and a delivery without retries is a dead letter", async () => {
		behaviours.set("never", () => {
			throw new TypeError("no");
		});
		using bus = createTestEvents(events);
		const retried = await bus.publish("load.one", null);
		bus.failNext("load");
		const dead = await bus.publish("never.again", { whole: true });
		await bus.drain();
		expect(bus.deadLetters()).toMatchObject([
			{
				handler: "never",
				cause: "exhausted",
				attempts: 1,
				event: { id: dead.id, body: { whole: true } },
				error: { name: "TypeError", message: "no" },
			},
		]);
		const headers = { authorization: `Bearer ${keyOf("read")}` };
		const answer = await bus.fetch("/v1/deliveries", { headers });
		expect(await answer.json()).toMatchObject({
			deliveries: [{ event: { id: retried.id }, state: "retrying" }],
		});
		expect(bus.timeline()).toMatch(
			/retrying +load\.one +\S+ +load +attempt 1 /,
		);
	});

	test("a large body is recorded, and a cancelled event never runs", async () => {
		using bus = createTestEvents(events);
		const text = "x".repeat(200_000);
		await bus.publish("load.one", { text });
		const { id } = await bus.publish("load.one", { after: "1 hour" }, null);
		expect(await bus.cancel(id)).toBe(true);
		await bus.advance("1 day");
		expect(bus.attempts("load")).toMatchObject([
			{ outcome: "delivered", event: { body: { text } } },
		]);
		expect(bus.published()).toMatchObject([{ body: { text } }, { id }]);
	});

	test("settle rejects if a handler keeps scheduling its own event for now", {
		// On a busy machine, 100 rounds take longer than the default.
		timeout: 30_000,
	}, async () => {
		behaviours.set("load", () =>
			events.publish("load.one", { after: 1 }, null),
		);
		using bus = createTestEvents(events);
		await bus.publish("load.one", null);
		const settled = bus.settle();
		await expect(settled).rejects.toThrow(
			"alarms are still due after 100 rounds; does a handler schedule its own event",
		);
		behaviours.clear();
		await bus.settle();
	});

	test("run calls one handler, and request and env serve its other code", async () => {
		behaviours.set("welcome", ({ body }, { attempt }) => [body, attempt]);
		using bus = createTestEvents(events, { env: { GREETING: "hello" } });
		expect(await bus.run("welcome", user, { attempt: 3 })).toEqual([
			{ ...user, visits: 0 },
			3,
		]);
		await expect(bus.run("welcome", {})).rejects.toThrow(/userId/);
		const greeting = () => (env as unknown as { GREETING: string }).GREETING;
		expect(await bus.request(greeting)).toBe("hello");
		expect(bus.attempts()).toEqual([]);
		bus.dispose();
		expect("GREETING" in env).toBe(false);
	});

	test("a bus ends the one before, whose clock and handlers are as they were", async () => {
		const before = createTestEvents(events);
		const { now } = Date;
		await before.advance("1 hour");
		expect(Date.now).not.toBe(now);
		const bus = createTestEvents(events);
		await expect(before.settle()).rejects.toThrow(/disposed/);
		await expect(before.publish("load.one")).rejects.toThrow(/disposed/);
		await bus.publish("load.one", null);
		await bus.settle();
		expect(before.attempts()).toEqual([]);
		bus.dispose();
		expect(Date.now()).toBeLessThan(Number(before.now) + 1_000);
		const { id } = await events.publish("load.one", null);
		expect(id).toBeTypeOf("string");
		expect(bus.published()).toHaveLength(1);
	});

	test("a call that only the simulated platform can perform names the kit that has it", async () => {
		using bus = createTestEvents(events);
		expect(() => bus.crashAt("after-send")).toThrow(
			"crashAt: the platform cannot do this; use createTestEvents of tidings/testing, in Node",
		);
		for (const option of ["now", "seed", "chaos"])
			expect(() =>
				createTestEvents(events, { [option]: option === "chaos" ? {} : 1 }),
			).toThrow(`createTestEvents: ${option}: the platform cannot`);
		expect(() => createTestEvents(events, { wrong: 1 } as never)).toThrow(
			/createTestEvents: unknown key "wrong"/,
		);
		expect(() => bus.failNext("x")).toThrow(/there is no handler "x"/);
		const workers = { mail: createEvents() };
		expect(() => createTestEvents(events, { workers })).toThrow(
			"workers: mail: the Worker's configuration has no subscriber of this key",
		);
		using other = createTestEvents(createEvents());
		await expect(other.settle()).rejects.toThrow(/createTestPublisher/);
	});
});

describe("as on the simulated platform", () => {
	kitClaims({
		events,
		behaviours,
		create: () => createTestEvents(events),
		createWithDuplicates() {
			const { EVENTS_QUEUE: queue } = env as unknown as {
				EVENTS_QUEUE: Queue<string>;
			};
			const twice = async (...args: Parameters<typeof queue.send>) => {
				await queue.send(...args);
				return queue.send(...args);
			};
			return createTestEvents(events, {
				env: { EVENTS_QUEUE: { send: twice } },
			});
		},
	});
});

describe("a stub for the binding of a publisher", () => {
	const props = { app: "storefront", publish: ["user.**"] };

	test("records what a client publishes, schedules, cancels and moves", async () => {
		const stub = createTestPublisher(events, { props });
		const client = createClient<typeof events>(stub);
		await client.publish("user.joined", user);
		const [later] = await client.publishBatch([
			{ name: "user.left", after: "1 hour", body: null },
		]);
		const id = later?.id as string;
		expect(await client.reschedule(id, "2 hours")).toMatchObject({ id });
		expect(await client.cancel(id)).toBe(true);
		expect(await client.cancel(id)).toBe(false);
		expect(stub.published("user.joined")).toMatchObject([{ body: user }]);
		const [, moved] = stub.published() as TidingsEvent[];
		expect(moved).toMatchObject({ id, name: "user.left" });
		expect(moved?.delay).toBeGreaterThanOrEqual(7_200_000);
		const once = { idempotencyKey: "k1" };
		const first = await client.publish("user.left", once, null);
		expect(await client.publish("user.left", once, null)).toEqual(first);
		expect(stub.published("user.left")).toHaveLength(2);
	});

	test("rejects what the owner rejects: a name, a body, a lane, a size, a permission", async () => {
		const stub = createTestPublisher(events, { props, lanes: ["bulk"] });
		const client = createClient<typeof events>(stub);
		const code = async (act: Promise<unknown>) =>
			act.then(
				() => "accepted",
				({ code }) => code,
			);
		const text = "x".repeat(300_000);
		const wrong = { email: "nobody" } as never;
		expect([
			await code(client.publish("user.*", null)),
			await code(client.publish("user.joined", wrong)),
			await code(client.publish(UserJoined, wrong)),
			await code(client.publish("user.left", { lane: "fast" }, null)),
			await code(client.publish("user.left", { lane: "bulk" }, null)),
			await code(client.publish("user.left", { text })),
			await code(client.publish("order.placed", null)),
			await code(stub.publish("user.left", { after: "1 dya" }, null)),
		]).toEqual([
			"invalid_name",
			"schema_violation",
			"schema_violation",
			"unknown_lane",
			"accepted",
			"event_too_large",
			"forbidden",
			"invalid_after",
		]);
		expect(stub.published()).toHaveLength(1);
		expect(() => createTestPublisher(events, { app: 1 } as never)).toThrow(
			/createTestPublisher: unknown key "app"/,
		);
	});
});
