/** Claims about a bus for tests that hold on the simulated platform and on the real runtime. */
import type { Events, HandlerContext, TidingsEvent } from "tidings";
import type { TestEvents } from "tidings/testing/workers";
import { expect, test } from "vitest";

type Behaviours = Map<
	string,
	(event: TidingsEvent, context: HandlerContext) => unknown
>;

/** The kit on one platform. */
interface Kit {
	/** With the handlers `load`, `long` and `slow` of the Worker under test. */
	events: Events;
	behaviours: Behaviours;
	create(): TestEvents;
	/** Every message of a published event is delivered twice. */
	createWithDuplicates(): TestEvents;
}

const hour = 3_600_000;

/** What a busy machine may add to a time on the real runtime, in milliseconds. */
const BUSY = 10_000;

export function kitClaims({ behaviours, create, createWithDuplicates }: Kit) {
	test("schedules and retries run in the order of their times, and each not before its time", async () => {
		using bus = create();
		const clocks: number[] = [];
		behaviours.set("load", ({ time, delay }) => {
			clocks.push(Date.now() - time - delay);
		});
		bus.failNext("long");
		await bus.publish("long.wait", null);
		for (const [after, name] of [
			["3 hours", "third"],
			["1 hour", "first"],
			["2 hours", "second"],
		] as const)
			await bus.publish("load.one", { after }, name);
		await bus.settle();
		bus.failNext("load");
		await bus.advance("1 day");
		const order = bus
			.attempts()
			.map(({ event, attempt, outcome }) => [event.body, attempt, outcome]);
		expect(order).toEqual([
			[null, 1, "failed"],
			["first", 1, "failed"],
			["first", 2, "delivered"],
			["second", 1, "delivered"],
			["third", 1, "delivered"],
			[null, 2, "delivered"],
		]);
		const [long, first, again, , , last] = bus.attempts().map(({ at }) => at);
		expect(Number(again) - Number(first)).toBeGreaterThanOrEqual(1_000);
		expect(Number(again) - Number(first)).toBeLessThan(2_000 + BUSY);
		expect(Number(last) - Number(long)).toBeGreaterThanOrEqual(20 * hour);
		expect(Number(last) - Number(long)).toBeLessThan(24 * hour);
		const [retried, ...others] = clocks as [number, ...number[]];
		expect(retried).toBeGreaterThanOrEqual(1_000);
		for (const late of others) {
			expect(late).toBeGreaterThanOrEqual(0);
			expect(late).toBeLessThan(BUSY);
		}
	});

	test("an event that was moved runs at its new time only, and a cancelled one never", async () => {
		using bus = create();
		const { id } = await bus.publish("load.one", { after: "1 hour" }, "moved");
		const other = await bus.publish("load.one", { after: "1 hour" }, null);
		await bus.reschedule(id, "5 hours");
		expect(await bus.cancel(other.id)).toBe(true);
		await bus.advance("4 hours");
		expect(bus.attempts()).toEqual([]);
		await bus.advance("1 hour");
		expect(bus.attempts()).toMatchObject([
			{ outcome: "delivered", event: { id, body: "moved" } },
		]);
	});

	test("an attempt that never ends fails after its timeout, and the last failure is a dead letter", async () => {
		using bus = create();
		behaviours.set("slow", () => new Promise(() => {}));
		bus.failNext("load", 2, new TypeError("closed"));
		await bus.publish("slow.one", null);
		await bus.publish("load.one", null);
		await bus.advance("1 minute");
		expect(bus.attempts("slow")).toMatchObject([
			{ outcome: "dead", error: { message: /50 ms/ } },
		]);
		expect(bus.attempts("load")).toMatchObject([
			{ outcome: "failed", attempt: 1 },
			{ outcome: "dead", attempt: 2, error: { name: "TypeError" } },
		]);
		expect(bus.deadLetters()).toMatchObject([
			{ handler: "slow", cause: "exhausted", attempts: 1 },
			{ handler: "load", cause: "exhausted", attempts: 2 },
		]);
	});

	test("a message that is delivered twice runs its handler twice, as first attempts at one event", async () => {
		using bus = createWithDuplicates();
		const { id } = await bus.publish("load.one", null);
		await bus.settle();
		expect(bus.published()).toHaveLength(1);
		const attempts = bus.attempts();
		expect(attempts.length).toBeGreaterThan(1);
		for (const attempt of attempts)
			expect(attempt).toMatchObject({ event: { id }, attempt: 1 });
		expect(bus.deadLetters()).toEqual([]);
	});
}
