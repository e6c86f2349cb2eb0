import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	ATTEMPT_TIME,
	advance,
	answerSubscriber,
	beginAttempt,
	INITIAL,
	isPollDue,
	type Lifecycle,
	nextWakeAt,
	recordOutcome,
	recordPoll,
	setPoll,
} from "../../../src/apps/subscriptions/lifecycle.ts";
import type { Failure } from "../../../src/event/failure.ts";
import type { AttemptOutcome } from "../../../src/event/outcome.ts";
import { type End, Outside } from "../../support/outside.ts";

const T0 = Date.UTC(2027, 0, 1);
const error: Failure = { name: "Error", message: "no" };
const delivered: AttemptOutcome = { type: "delivered" };
const failed: AttemptOutcome = { type: "failed", error };
const timedOut: AttemptOutcome = { type: "timed_out", timeout: 5_000 };
const crashed: AttemptOutcome = { type: "crashed", error };

const wanted = advance(INITIAL, true, T0);

function starting(now = T0): Lifecycle {
	const { life } = beginAttempt(wanted, now) ?? {};
	if (!life) throw new Error("nothing was due");
	return life;
}

const running = recordOutcome(starting(), 1, delivered, T0 + 1);

function next(life: Lifecycle, now: number): Lifecycle {
	const { life: after } = beginAttempt(life, now) ?? {};
	if (!after) throw new Error("nothing was due");
	return after;
}

describe("a transition", () => {
	test("stopped to starting: the first subscriber makes start due at once", () => {
		expect(INITIAL.phase).toBe("stopped");
		expect(wanted).toMatchObject({ phase: "starting", nextAt: T0 });
		expect(beginAttempt(wanted, T0)).toMatchObject({ part: "start" });
		expect(advance(INITIAL, false, T0)).toBe(INITIAL);
		expect(beginAttempt(INITIAL, T0)).toBe(undefined);
	});

	test("starting to running: start succeeded, and nothing is due until a subscriber leaves", () => {
		expect(running).toEqual({
			phase: "running",
			attempt: 1,
			failures: 0,
			nextAt: T0 + 1,
			startedAt: T0 + 1,
		});
		expect(nextWakeAt(running)).toBe(undefined);
		expect(beginAttempt(running, T0 + 1)).toBe(undefined);
		expect(advance(running, true, T0 + 2)).toBe(running);
	});

	test("running to stopping to stopped: the last subscriber left, and stop succeeded", () => {
		const stopping = advance(running, false, T0 + 5);
		expect(stopping).toEqual({
			phase: "stopping",
			attempt: 1,
			failures: 0,
			nextAt: T0 + 5,
		});
		expect(beginAttempt(stopping, T0 + 5)).toMatchObject({ part: "stop" });
		const stopped = recordOutcome(next(stopping, T0 + 5), 2, delivered, T0 + 6);
		expect(stopped).toMatchObject({ phase: "stopped", attempt: 2 });
		expect(nextWakeAt(stopped)).toBe(undefined);
	});

	test("starting to stopped: start reported a failure, and no subscriber is left", () => {
		const left = recordOutcome(starting(), 1, failed, T0 + 1);
		expect(advance(left, true, T0 + 2)).toBe(left);
		expect(advance(left, false, T0 + 2)).toMatchObject({ phase: "stopped" });
	});

	test.each([timedOut, crashed])(
		"starting to stopping: a start that may have succeeded is stopped ($type)",
		(outcome) => {
			const over = T0 + ATTEMPT_TIME;
			const left = recordOutcome(starting(), 1, outcome, T0 + 1);
			expect(advance(left, false, over)).toMatchObject({ phase: "stopping" });
			// It still may have when a later start fails.
			const again = advance(left, true, over);
			const twice = recordOutcome(
				next(again, over + 1_000),
				2,
				failed,
				over + 1_001,
			);
			expect(advance(twice, false, over + 1_002)).toMatchObject({
				phase: "stopping",
				nextAt: over + 1_002,
			});
		},
	);

	test("stopping continues until stop has succeeded, even if a subscriber joins; then the event starts", () => {
		const stopping = next(advance(running, false, T0 + 5), T0 + 5);
		expect(advance(stopping, true, T0 + 6)).toBe(stopping);
		const left = recordOutcome(stopping, 2, failed, T0 + 7);
		expect(advance(left, true, T0 + 8)).toBe(left);
		expect(beginAttempt(left, T0 + 1_007)).toMatchObject({ part: "stop" });
		const stopped = recordOutcome(
			next(left, T0 + 1_007),
			3,
			delivered,
			T0 + 1_008,
		);
		expect(advance(stopped, true, T0 + 1_009)).toMatchObject({
			phase: "starting",
			failures: 0,
			nextAt: T0 + 1_009,
		});
	});
});

describe("an attempt", () => {
	test("never overlaps another attempt", () => {
		expect(nextWakeAt(starting())).toBe(T0 + ATTEMPT_TIME);
		expect(beginAttempt(starting(), T0 + ATTEMPT_TIME)).toBe(undefined);
		expect(advance(starting(), false, T0 + ATTEMPT_TIME - 1)).toEqual(
			starting(),
		);
	});

	test("without an outcome is lost after its time, and is retried", () => {
		const over = T0 + ATTEMPT_TIME;
		const life = advance(starting(), true, over);
		expect(life).toMatchObject({
			phase: "starting",
			failures: 1,
			wasInterrupted: true,
			nextAt: over + 1_000,
			error: { message: expect.stringContaining("its outcome is unknown") },
		});
		expect(life.endsBy).toBe(undefined);
		expect(beginAttempt(life, over + 999)).toBe(undefined);
		expect(beginAttempt(life, over + 1_000)?.life).toMatchObject({
			attempt: 2,
		});
	});

	test("whose call was cut off has not ended: it may run until its time is over", () => {
		const life = recordOutcome(starting(), 1, crashed, T0 + 1);
		expect(life).toEqual({ ...starting(), error });
		expect(beginAttempt(life, T0 + ATTEMPT_TIME - 1)).toBe(undefined);
		expect(advance(life, true, T0 + ATTEMPT_TIME)).toMatchObject({
			error,
			failures: 1,
		});
	});

	test("whose outcome is late or repeated changes nothing", () => {
		const second = next(recordOutcome(starting(), 1, failed, T0), T0 + 1_000);
		expect(recordOutcome(second, 1, delivered, T0 + 1_001)).toBe(second);
		expect(recordOutcome(running, 1, failed, T0 + 2)).toBe(running);
	});

	test("that failed is retried after 1 second, doubling to 5 minutes, without a limit", () => {
		const waits: number[] = [];
		let life: Lifecycle = wanted;
		for (let now = T0; waits.length < 12; now = life.nextAt) {
			life = recordOutcome(next(life, now), life.attempt + 1, failed, now);
			expect(nextWakeAt(life)).toBe(life.nextAt);
			waits.push((life.nextAt - now) / 1_000);
		}
		expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
		const healed = recordOutcome(
			next(life, life.nextAt),
			13,
			delivered,
			life.nextAt,
		);
		expect(healed).toMatchObject({ phase: "running", failures: 0 });
		expect(healed.error).toBe(undefined);
	});

	test("may set the time of the next one, up to a day ahead; one that rejects retries is retried every 5 minutes", () => {
		const waitAfter = (outcome: AttemptOutcome) =>
			recordOutcome(starting(), 1, outcome, T0).nextAt - T0;
		const asking = (retryAt: number) =>
			waitAfter({ type: "failed", error, wants: { retryAt } });
		expect(asking(T0 + 60_000)).toBe(60_000);
		expect(asking(T0 - 60_000)).toBe(1_000);
		expect(asking(T0 + 30 * 86_400_000)).toBe(86_400_000);
		expect(waitAfter({ type: "failed", error, wants: { stop: true } })).toBe(
			300_000,
		);
		expect(waitAfter({ type: "unparsable", issues: [] })).toBe(300_000);
	});

	test("that timed out has a TimeoutError", () => {
		expect(recordOutcome(starting(), 1, timedOut, T0)).toMatchObject({
			error: { name: "TimeoutError" },
		});
	});
});

describe("the answer to a subscriber", () => {
	const at = (life: Lifecycle, isAwaited = false) =>
		answerSubscriber(life, isAwaited);

	test("is active when the event runs", () => {
		expect(at(running)).toEqual({ state: "active" });
	});

	test("waits while an attempt runs or begins at once", () => {
		expect(at(wanted)).toBe(undefined);
		expect(at(starting(), true)).toBe(undefined);
		expect(at(advance(running, false, T0))).toBe(undefined);
	});

	test("is pending with the kind of error when the attempt has failed or was cut off", () => {
		for (const life of [
			recordOutcome(starting(), 1, failed, T0),
			recordOutcome(starting(), 1, crashed, T0),
			starting(),
		])
			expect(at(life)).toEqual({
				state: "pending",
				error: { code: "start_failed", message: expect.any(String) },
			});
		const stopping = recordOutcome(
			beginAttempt(advance(running, false, T0), T0)?.life as Lifecycle,
			2,
			failed,
			T0,
		);
		expect(at(stopping)).toMatchObject({ error: { code: "stop_failed" } });
	});

	test("does not contain what the app of the event threw", () => {
		const error = { name: "Secret", message: "key", stack: "at start.ts:1" };
		const life = recordOutcome(starting(), 1, { type: "failed", error }, T0);
		expect(life.error).toEqual(error);
		expect(JSON.stringify(at(life))).not.toMatch(/Secret|key|start\.ts/);
	});

	test("is pending if no subscriber is left, so that no caller waits forever", () => {
		expect(at(INITIAL)).toEqual({ state: "pending" });
	});
});

describe("a poll", () => {
	const asked = setPoll(starting(), 60_000, T0) as Lifecycle;
	const polled1 = recordOutcome(asked, 1, delivered, T0 + 500);

	test("begins one interval after start has succeeded", () => {
		expect(isPollDue(asked, T0 + 60_000)).toBe(false);
		expect(nextWakeAt(polled1)).toBe(T0 + 60_500);
		expect(isPollDue(polled1, T0 + 60_499)).toBe(false);
		expect(isPollDue(polled1, T0 + 60_500)).toBe(true);
	});

	test("repeats at its interval, and once for all missed polls", () => {
		const sent = recordPoll(polled1, true, T0 + 60_510);
		expect(nextWakeAt(sent)).toBe(T0 + 120_500);
		expect(nextWakeAt(recordPoll(sent, true, T0 + 300_500))).toBe(T0 + 360_500);
		expect(nextWakeAt(recordPoll(sent, true, T0 + 300_499))).toBe(T0 + 300_500);
	});

	test("that could not be sent does not count as sent: it is retried after 1 second, doubling to 5 minutes", () => {
		let life = polled1;
		const waits: number[] = [];
		for (
			let now = T0 + 60_500;
			waits.length < 11;
			now = Number(nextWakeAt(life))
		) {
			life = recordPoll(life, false, now);
			waits.push((Number(nextWakeAt(life)) - now) / 1_000);
		}
		expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
		const now = Number(nextWakeAt(life));
		expect(nextWakeAt(recordPoll(life, true, now))).toBe(now + 60_000);
		expect(recordPoll(life, true, now).poll?.failures).toBe(0);
	});

	test("that is not due, or was removed, is not recorded as sent", () => {
		expect(recordPoll(polled1, true, T0 + 60_499)).toBe(polled1);
		expect(recordPoll(running, true, T0 + 60_499)).toBe(running);
	});

	test("ends with stop, and with a retried start", () => {
		expect(advance(polled1, false, T0 + 600).poll).toBe(undefined);
		const left = recordOutcome(asked, 1, failed, T0);
		expect(next(left, T0 + 1_000).poll).toBe(undefined);
	});

	test("can be requested only while start or the event runs", () => {
		expect(setPoll(running, 1_000, T0 + 9)).toMatchObject({
			poll: { every: 1_000, nextAt: T0 + 1_009 },
		});
		for (const life of [
			INITIAL,
			wanted,
			recordOutcome(asked, 1, failed, T0),
			advance(running, false, T0),
			next(advance(running, false, T0), T0),
		])
			expect(setPoll(life, 1_000, T0)).toBe(undefined);
	});
});

type Command =
	| { does: "subscribe" | "unsubscribe" | "restart" | "begin" }
	| { does: "end"; end: End }
	| { does: "pass"; ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			does: fc.constantFrom("subscribe", "unsubscribe", "begin", "begin"),
		}) as fc.Arbitrary<Command>,
	},
	{ weight: 1, arbitrary: fc.constant<Command>({ does: "restart" }) },
	{
		weight: 3,
		arbitrary: fc.record({
			does: fc.constant("end" as const),
			end: fc.constantFrom<End>(
				"delivered",
				"failed",
				"timed_out",
				"crashed",
				"cut_off",
			),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			does: fc.constant("pass" as const),
			ms: fc.constantFrom(1, 1_000, 5_000, 64_999, 65_000, ATTEMPT_TIME),
		}),
	},
);

test("for any interleaving, start and stop alternate, never overlap, and the event finally runs exactly if it has subscribers", () => {
	const reached = new Set<string>();
	fc.assert(
		fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
			const outside = new Outside();
			let life = INITIAL;
			let isWanted = false;
			let now = T0;
			const move = (to: Lifecycle) => {
				life = advance(to, isWanted, now);
				reached.add(life.phase);
			};
			const begin = () => {
				const due = beginAttempt(life, now);
				if (!due) return;
				outside.begin(due.part, now);
				move(due.life);
			};
			const end = (end: End) => {
				if (!outside.underWay) return;
				const outcome = outside.end(end, now);
				if (end !== "cut_off")
					move(recordOutcome(life, life.attempt, outcome, now));
			};
			for (const command of commands) {
				switch (command.does) {
					case "subscribe":
					case "unsubscribe":
						isWanted = command.does === "subscribe";
						move(life);
						break;
					case "restart":
						// The object is gone, and with it the call; the code that was called may run on.
						end("cut_off");
						life = JSON.parse(JSON.stringify(life));
						break;
					case "begin":
						begin();
						break;
					case "end":
						end(command.end);
						break;
					case "pass":
						// No attempt exceeds its time, and no outcome arrives later.
						if (now + command.ms >= outside.endsAt) end("timed_out");
						now += command.ms;
						move(life);
				}
			}
			end("delivered");
			for (let at = nextWakeAt(life); at !== undefined; at = nextWakeAt(life)) {
				now = Math.max(now, at);
				move(life);
				begin();
				end("delivered");
			}
			expect(life.phase).toBe(isWanted ? "running" : "stopped");
			expect(outside.state).toBe(isWanted ? "up" : "down");
		}),
		{ numRuns: 2_000 },
	);
	expect(reached.size).toBe(4);
});
