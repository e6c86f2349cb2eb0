/** The real object against the laws of a life, with everything that can come between. */
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ATTEMPT_TIME } from "../../../src/apps/subscriptions/lifecycle.ts";
import type { End } from "../../support/outside.ts";
import { Event } from "../../support/subscriptions.ts";

const T0 = Date.UTC(2027, 0, 1);

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
});

afterEach(() => {
	vi.useRealTimers();
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
					// No attempt outlives its time.
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
		// Shorter histories are sought by hand: each takes its time.
		{ numRuns: 50, endOnFailure: true },
	);
	// Each was answered, or told that the object was gone.
	await Promise.allSettled(answers);
	expect(answers.length).toBeGreaterThan(100);
	expect(phases.size).toBe(4);
}, 120_000);
