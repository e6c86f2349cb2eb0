/** The Durable Object of one app event: its subscriptions, webhook, lifecycle and alarm, also with random histories. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ATTEMPT_TIME } from "../../../src/apps/subscriptions/lifecycle.ts";
import type { Subscriptions } from "../../../src/apps/subscriptions/subscriptions-object.ts";
import type { End } from "../../support/outside.ts";
import { Event } from "../../support/subscriptions.ts";

const T0 = Date.UTC(2027, 0, 1);

let event: Event;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	event = new Event();
});

afterEach(() => {
	expect(event.wrong).toEqual([]);
	vi.useRealTimers();
});

/** An event that has started. */
async function running(): Promise<void> {
	const { answer } = await event.subscribing("@a/one");
	await event.end("delivered");
	await answer;
}

test("the first subscriber starts the event, and gets its answer when start has ended", async () => {
	const { answer } = await event.subscribing("@a/one");
	expect(await event.state()).toEqual({ phase: "starting", subscribers: 1 });
	expect(event.outside.begun).toEqual(["start"]);
	await event.end("delivered");
	expect(await answer).toEqual({ id: 1, state: "active" });
	expect(await event.state()).toEqual({
		phase: "running",
		subscribers: 1,
		startedAt: T0,
	});
	expect(await event.alarmAt()).toBe(null);
});

test("more subscribers share a running event, and the last one stops it", async () => {
	await running();
	const second = { app: "@a/two", tool: "tool", key: [] };
	expect(await event.stub.subscribe(second)).toEqual({
		id: 2,
		state: "active",
	});
	expect(await event.stub.unsubscribe("@a/one", [])).toBe(true);
	expect(await event.stub.unsubscribe("@a/one", [])).toBe(false);
	expect(await event.alarmAt()).toBe(null);
	expect(await event.stub.unsubscribe("@a/two", [])).toBe(true);
	expect(await event.state()).toEqual({ phase: "stopping", subscribers: 0 });
	await event.next();
	await event.end("delivered");
	expect(await event.state()).toEqual({ phase: "stopped", subscribers: 0 });
	expect(event.outside.begun).toEqual(["start", "stop"]);
	expect(await event.alarmAt()).toBe(null);
});

test("an outcome that the storage cannot record is logged with the name of its event", async () => {
	const { answer } = await event.subscribing("@a/one");
	const logged = vi.spyOn(console, "error").mockImplementation(() => {});
	await runInDurableObject(event.stub, (_, { storage }) => {
		const fail = () => {
			throw new Error("disk I/O error");
		};
		vi.spyOn(storage.kv, "get").mockImplementation(fail);
		vi.spyOn(storage.kv, "put").mockImplementation(fail);
	});
	await event.end("delivered");
	const lines = logged.mock.calls.map(([line]) => String(line));
	expect(lines).toEqual([
		expect.stringMatching(`"attempt_not_recorded","name":"${event.name}"`),
	]);
	vi.restoreAllMocks();
	await event.crash();
	await answer.catch(() => {});
});

test("a subscription whose start fails is stored with the error, and the alarm retries start", async () => {
	const first = await event.subscribing("@a/one");
	await event.end("failed");
	const pending = {
		state: "pending",
		error: { code: "start_failed", message: expect.any(String) },
	};
	expect(await first.answer).toEqual({ id: 1, ...pending });
	expect(await event.alarmAt()).toBe(T0 + 1_000);
	// A subscriber that joins meanwhile gets an immediate answer.
	const second = await event.subscribing("@a/two");
	expect(await second.answer).toEqual({ id: 2, ...pending });
	await event.next();
	await event.end("delivered");
	expect(await event.state()).toMatchObject({
		phase: "running",
		startedAt: T0 + 1_000,
	});
});

test("a stop is completed although a subscriber joins, who waits for the next start", async () => {
	await running();
	await event.stub.unsubscribe("@a/one", []);
	await event.next();
	const { answer } = await event.subscribing("@a/two");
	expect(event.outside.begun).toEqual(["start", "stop"]);
	await event.end("delivered");
	await event.next();
	await event.end("delivered");
	expect(await answer).toEqual({ id: 2, state: "active" });
	expect(event.outside.begun).toEqual(["start", "stop", "start"]);
});

test("a subscriber who leaves before the start gets an answer, and the event stops", async () => {
	const { answer } = await event.subscribing("@a/one");
	await event.stub.unsubscribe("@a/one", []);
	await event.end("failed");
	expect(await answer).toEqual({ id: 1, state: "pending" });
	expect(await event.state()).toEqual({ phase: "stopped", subscribers: 0 });
});

test("start blocks no other call, not even its own", async () => {
	event.starting = async (stub) => {
		expect(await stub.webhookState(await stub.webhookSecret())).toBe("open");
		await stub.poll(60_000);
	};
	const { answer } = await event.subscribing("@a/one");
	expect(await event.stub.find(1)).toMatchObject({ app: "@a/one" });
	expect(await event.stub.match([], 0, 10)).toHaveLength(1);
	await event.end("delivered");
	expect(await answer).toEqual({ id: 1, state: "active" });
	expect(await event.state()).toMatchObject({ poll: 60_000 });
});

test("the begin of an attempt is stored before it: after a crash the object waits for its end, then retries", async () => {
	const { answer } = await event.subscribing("@a/one");
	await event.crash();
	await expect(answer).rejects.toThrow();
	expect(await event.alarmAt()).toBe(T0 + ATTEMPT_TIME);
	// An early or repeated alarm starts nothing.
	await event.alarm();
	expect(event.outside.begun).toEqual(["start"]);
	const again = await event.subscribing("@a/one");
	expect(await again.answer).toMatchObject({
		id: 1,
		state: "pending",
		error: { code: "start_failed" },
	});
	while (!event.outside.underWay) await event.next();
	expect(Date.now()).toBe(T0 + ATTEMPT_TIME + 1_000);
	await event.end("delivered");
	expect(await event.state()).toMatchObject({ phase: "running" });
});

test("an attempt that cannot be made is reported and retried", async () => {
	event.starting = () => Promise.reject(new Error("it is unreachable"));
	const { answer } = await event.subscribing("@a/one");
	expect(await answer).toMatchObject({
		state: "pending",
		error: { code: "start_failed" },
	});
	expect((await event.state()).error).toMatchObject({
		message: "it is unreachable",
	});
	expect(await event.alarmAt()).toBe(T0 + ATTEMPT_TIME);
});

test("a missing alarm is set again when the object starts", async () => {
	await running();
	await event.stub.unsubscribe("@a/one", []);
	await runInDurableObject(event.stub, (_, { storage }) =>
		storage.deleteAlarm(),
	);
	await evictDurableObject(event.stub);
	expect(await event.alarmAt()).toBe(T0 + 1);
});

test("the platform's alarms retry a failed start, and stop an event without subscribers", async () => {
	vi.useRealTimers();
	event = new Event();
	const begun = (...expected: string[]) =>
		vi.waitFor(() => expect(event.outside.begun).toEqual(expected), 5_000);
	await event.subscribing("@a/one");
	await event.end("failed");
	await begun("start", "start");
	await event.end("delivered");
	await event.stub.unsubscribe("@a/one", []);
	await begun("start", "start", "stop");
	await event.end("delivered");
	expect(await event.state()).toEqual({ phase: "stopped", subscribers: 0 });
});

test("a webhook is open from before start begins until stop has ended", async () => {
	const secret = await event.stub.webhookSecret();
	const hook = () => event.stub.webhookState(secret);
	expect(await hook()).toBe("closed");
	await event.subscribing("@a/one");
	expect(await hook()).toBe("open");
	await event.end("failed");
	expect(await hook()).toBe("open");
	await event.next();
	await event.end("delivered");
	await event.stub.unsubscribe("@a/one", []);
	expect(await hook()).toBe("open");
	await event.next();
	expect(await hook()).toBe("open");
	await event.end("delivered");
	expect(await hook()).toBe("closed");
	expect(new Set(event.secrets)).toEqual(new Set([secret]));
});

test("a webhook accepts only its own secret, which has 256 random bits and ends with its rotation", async () => {
	const first = await event.stub.webhookSecret();
	expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
	await evictDurableObject(event.stub);
	expect(await event.stub.webhookSecret()).toBe(first);
	const second = await event.stub.rotateWebhook();
	expect(second).toMatch(/^[A-Za-z0-9_-]{43}$/);
	expect(second).not.toBe(first);
	expect(await event.stub.webhookState(first)).toBe("unknown");
	expect(await event.stub.webhookState(second)).toBe("closed");
	for (const wrong of ["", `${second}=`, second.slice(1), `${second} `])
		expect(await event.stub.webhookState(wrong)).toBe("unknown");
});

test("a sender's repetition within 24 hours is the same event, and is stored once it is confirmed", async () => {
	const reserve = (id: string) => event.stub.reserveDelivery("delivery", id);
	const until = T0 + 10_000;
	expect(await reserve("e1")).toEqual({ type: "reserved", event: "e1", until });
	expect(await event.stub.reserveDelivery("other", "e3")).toMatchObject({
		event: "e3",
	});
	await event.stub.confirmDelivery("delivery");
	vi.setSystemTime(T0 + 86_399_999);
	expect(await reserve("e4")).toEqual({ type: "stored", event: "e1" });
	vi.setSystemTime(T0 + 86_400_000);
	expect(await reserve("e5")).toMatchObject({ type: "reserved", event: "e5" });
});

test("a reservation passes to the next call with the same event when it is released, and when it is over", async () => {
	const reserve = (id: string) => event.stub.reserveDelivery("delivery", id);
	const until = T0 + 10_000;
	await reserve("e1");
	await event.stub.releaseDelivery("delivery", until);
	expect(await reserve("e2")).toEqual({ type: "reserved", event: "e1", until });
	await evictDurableObject(event.stub);
	vi.setSystemTime(until);
	const later = { type: "reserved", event: "e1", until: until + 10_000 };
	expect(await reserve("e3")).toEqual(later);
	// The call of the earlier reservation fails late.
	await event.stub.releaseDelivery("delivery", until);
	const waiting = reserve("e4");
	await event.stub.confirmDelivery("delivery");
	expect(await waiting).toEqual({ type: "stored", event: "e1" });
});

test("deliveries are deleted after 24 hours, and no alarm remains when none is left", async () => {
	const stored = () =>
		runInDurableObject(event.stub, (_, { storage }) =>
			storage.sql
				.exec("SELECT delivery FROM webhook_delivery")
				.toArray()
				.map(({ delivery }) => delivery),
		);
	await event.stub.reserveDelivery("first", "e1");
	vi.setSystemTime(T0 + 60_000);
	await event.stub.reserveDelivery("second", "e2");
	expect(await event.alarmAt()).toBe(T0 + 86_400_000);
	await event.next();
	expect(await stored()).toEqual(["second"]);
	await event.next();
	expect(await stored()).toEqual([]);
	expect(await event.alarmAt()).toBe(null);
});

test("an event is polled at its interval from the end of start until stop, even after a restart", async () => {
	await event.subscribing("@a/one");
	await event.stub.poll(60_000);
	vi.setSystemTime(T0 + 2_000);
	await event.end("delivered");
	expect(await event.alarmAt()).toBe(T0 + 62_000);
	await event.next();
	expect(event.triggers).toBe(1);
	expect(await event.alarmAt()).toBe(T0 + 122_000);
	await evictDurableObject(event.stub);
	await event.next();
	expect(event.triggers).toBe(2);
	await event.stub.unsubscribe("@a/one", []);
	await event.next();
	await event.end("delivered");
	expect(await event.alarmAt()).toBe(null);
	expect(event.triggers).toBe(2);
});

test("a poll that could not be sent is retried", async () => {
	await running();
	await event.stub.poll(60_000);
	event.triggering = () => Promise.reject(new Error("overloaded"));
	await event.next();
	expect(await event.alarmAt()).toBe(T0 + 61_000);
	event.triggering = async () => {};
	await event.next();
	expect(event.triggers).toBe(2);
	expect(await event.alarmAt()).toBe(T0 + 121_000);
});

test("a poll interval below a second, and a poll of a stopped event, are rejected", async () => {
	const refusal = (ms: unknown) =>
		runInDurableObject(event.stub, (object: Subscriptions) =>
			object.poll(ms as number).catch((error) => error),
		);
	expect(await refusal(60_000)).toMatchObject({
		code: "invalid_request",
		message: expect.stringContaining("the event is stopped"),
	});
	await running();
	for (const ms of [0, 999, Number.NaN, -1, 366 * 86_400_000, "1 minute"])
		expect(await refusal(ms)).toMatchObject({ code: "invalid_request" });
	expect(await refusal(1_000)).toBe(undefined);
});

type Command =
	| { does: "subscribe" | "unsubscribe"; app: string }
	| { does: "end"; end: End }
	| { does: "pass"; ms: number }
	| { does: "alarm" | "crash" | "lose" };

const app = fc.constantFrom("@a/one", "@a/two");
const command: fc.Arbitrary<Command> = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({ does: fc.constant("subscribe" as const), app }),
	},
	{
		weight: 3,
		arbitrary: fc.record({ does: fc.constant("unsubscribe" as const), app }),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			does: fc.constant("end" as const),
			end: fc.constantFrom<End>(
				"delivered",
				"delivered",
				"failed",
				"timed_out",
				"crashed",
			),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			does: fc.constant("pass" as const),
			ms: fc.constantFrom(1, 1_000, 5_000, 64_999, ATTEMPT_TIME),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			does: fc.constantFrom("alarm", "alarm", "crash", "lose"),
		}) as fc.Arbitrary<Command>,
	},
);

test("for any interleaving with kills and lost or repeated alarms, start and stop alternate, never overlap, and the event finally runs exactly if it has subscribers", async () => {
	const answers: Promise<unknown>[] = [];
	const phases = new Set<string>();
	async function follow(commands: readonly Command[]): Promise<void> {
		const event = new Event();
		const subscribers = new Set<string>();
		for (const command of commands) {
			switch (command.does) {
				case "subscribe": {
					const { answer } = await event.subscribing(command.app);
					answers.push(answer);
					subscribers.add(command.app);
					break;
				}
				case "unsubscribe":
					expect(await event.stub.unsubscribe(command.app, [])).toBe(
						subscribers.delete(command.app),
					);
					break;
				case "end":
					if (event.outside.underWay) await event.end(command.end);
					break;
				case "pass":
					// No attempt exceeds its time.
					if (Date.now() + command.ms >= event.outside.endsAt)
						await event.end("timed_out");
					vi.setSystemTime(Date.now() + command.ms);
					if (Number(await event.alarmAt()) <= Date.now()) await event.alarm();
					break;
				case "alarm":
					await event.alarm();
					break;
				case "crash":
					await event.crash();
					break;
				case "lose":
					await runInDurableObject(event.stub, (_, { storage }) =>
						storage.deleteAlarm(),
					);
					await event.crash();
			}
			const { phase } = await event.state();
			phases.add(phase);
		}
		do if (event.outside.underWay) await event.end("delivered");
		while (await event.next());
		const isWanted = subscribers.size > 0;
		expect(await event.state()).toMatchObject({
			phase: isWanted ? "running" : "stopped",
			subscribers: subscribers.size,
		});
		expect(event.outside.state).toBe(isWanted ? "up" : "down");
		expect(event.wrong).toEqual([]);
	}
	await fc.assert(
		fc.asyncProperty(
			fc.array(command, { minLength: 10, maxLength: 30, size: "max" }),
			follow,
		),
		// No shrinking: each history takes about a second.
		{ numRuns: 50, endOnFailure: true },
	);
	// Each was answered or rejected.
	await Promise.allSettled(answers);
	expect(answers.length).toBeGreaterThan(100);
	expect(phases.size).toBe(4);
}, 120_000);
