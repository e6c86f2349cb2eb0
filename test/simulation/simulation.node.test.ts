/** Simulated histories with faults keep the laws, and a broken product breaks them. */
import type { Transition } from "tidings";
import { afterEach, describe, expect, test, vi } from "vitest";
import { LifecycleRunner } from "../../src/apps/subscriptions/lifecycle-runner.ts";
import { SubscriptionTable } from "../../src/apps/subscriptions/subscription-table.ts";
import { Subscriptions } from "../../src/apps/subscriptions/subscriptions-object.ts";
import { WebhookTable } from "../../src/apps/webhooks/webhook-table.ts";
import { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { JobTable } from "../../src/jobs/job-table.ts";
import { Jobs } from "../../src/jobs/jobs-object.ts";
import { MinuteTable } from "../../src/journal/minute-table.ts";
import { PageTable } from "../../src/journal/page-table.ts";
import { Recorder } from "../../src/journal/recorder.ts";
import { KeyTable } from "../../src/keys/key-table.ts";
import { Keys } from "../../src/keys/keys-object.ts";
import { Payloads } from "../../src/payloads/payloads-object.ts";
import { ScheduleTable } from "../../src/schedule/schedule-table.ts";
import { Scheduler } from "../../src/schedule/scheduler-object.ts";
import { Invocation } from "../../src/testing/platform/invocation.ts";
import { FAULTS } from "./faults.ts";
import type { Rule } from "./invariants.ts";
import { JOURNAL } from "./journal/journal-copy.ts";
import {
	deliveriesOf,
	withJournalDown,
	withoutJournal,
} from "./journal/paired.ts";
import { type Outcome, run } from "./run.ts";
import { type Act, draw } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { timeline } from "./timeline.ts";

afterEach(() => vi.restoreAllMocks());

/** Runs seeds until one breaks a law. */
async function firstBroken(
	seeds: number,
	faults?: readonly string[],
): Promise<Outcome | undefined> {
	for (let seed = 1; seed <= seeds; seed++) {
		const outcome = await run(draw(seed, faults));
		if (outcome.violations.length > 0) return outcome;
	}
	return undefined;
}

/** Seeds of the gate. `npm run simulate -- --seeds 10000` runs many more. */
const SEEDS = 60;
/** Seeds with one fault. */
const SEEDS_PER_FAULT = 4;

test(`${SEEDS} histories keep every law, and contain every fault, transition and cause`, async () => {
	const happened = new Set<string>();
	const causes = new Set<unknown>();
	for (let seed = 1; seed <= SEEDS; seed++) {
		const { violations, ledger, scenario } = await run(draw(seed));
		expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([]);
		for (const fault of scenario.faults) happened.add(fault);
		for (const { what, detail } of ledger.notes) {
			happened.add(what);
			if (what === "dead") causes.add((detail as { cause: unknown }).cause);
		}
	}
	expect([...happened]).toEqual(
		expect.arrayContaining([
			...FAULTS,
			"published",
			"scheduled",
			"rescheduled",
			"cancelled",
			"queued",
			"ignored",
			"split",
			"delivered",
			"retrying",
			"waiting",
			"dead",
			"replayed",
			"discarded",
			"crash_before",
			"crash_after",
			"refused",
			"lied",
			"halfway",
			"hung_before",
			"hung_after",
			"reset",
			"slow",
			"duplicated",
			"storage_failed",
			"storage_broken",
			"alarm_lost",
			"alarm given up",
			"call lost",
			"given up",
			"publish failed",
			"cancel failed",
			"body lost",
			"down",
			"start",
			"stop",
			"trigger",
			"tool",
			"answer 201",
			"answer 202",
			"answer 410",
			"answer 503",
		]),
	);
	expect([...causes]).toEqual(
		expect.arrayContaining([
			"exhausted",
			"expired",
			"non_retryable",
			"schema_violation",
			"unknown_handler",
			"newer_version",
			"unreadable",
			"crashed",
			"abandoned",
			"payload_missing",
		]),
	);
});

test.each(FAULTS)("%s alone breaks no law", async (fault) => {
	const outcome = await firstBroken(SEEDS_PER_FAULT, [fault]);
	expect(outcome?.violations).toBeUndefined();
});

test("a seed gives the same history each time", async () => {
	for (const seed of [7, 14, 5]) {
		const [first, second] = [await run(draw(seed)), await run(draw(seed))];
		expect(first.steps).toBeGreaterThan(100);
		expect(second.steps).toBe(first.steps);
		expect(timeline(second)).toBe(timeline(first));
	}
});

/** Histories that run twice. */
const PAIRS = 3;

test(`${PAIRS} histories are the same without a journal, and while the journal is down`, async () => {
	for (let seed = 1; seed <= PAIRS; seed++) {
		const scenario = draw(seed);
		const without = await run(withoutJournal(scenario));
		const faults = new Set(without.struck);
		const down = await run(withJournalDown(scenario), faults);
		expect(deliveriesOf(down)).toEqual(deliveriesOf(without));
		const calls = down.ledger.notes.filter(({ where }) => where === JOURNAL);
		expect(calls.length).toBeGreaterThan(0);
	}
});

describe("the laws detect", () => {
	/** Returns the law that the broken product breaks. */
	async function broken(
		seeds: number,
		faults?: readonly string[],
	): Promise<Rule | undefined> {
		return (await firstBroken(seeds, faults))?.violations[0]?.rule;
	}

	test("a dead letter that is not stored", async () => {
		vi.spyOn(DeadLetters.prototype, "store").mockResolvedValue();
		expect(await broken(20, ["race"])).toBe("missing");
	});

	test("a row that is removed before the queue has accepted it", async () => {
		const { claim } = ScheduleTable.prototype;
		vi.spyOn(ScheduleTable.prototype, "claim").mockImplementation(function (
			this: ScheduleTable,
			kind,
			now,
		) {
			const batch = claim.call(this, kind, now);
			this.settle(kind, batch);
			return batch;
		});
		expect(await broken(60, ["queue"])).toBe("missing");
	});

	test("an event that is sent a minute early", async () => {
		const { claim } = ScheduleTable.prototype;
		const early = vi.spyOn(ScheduleTable.prototype, "claim");
		early.mockImplementation(function (this: ScheduleTable, kind, now) {
			return claim.call(this, kind, now + 60_000);
		});
		expect(await broken(20, ["race"])).toBe("early");
	});

	test("a cancel that is confirmed but not performed", async () => {
		const { find } = ScheduleTable.prototype;
		const cancelling = vi.spyOn(ScheduleTable.prototype, "cancel");
		cancelling.mockImplementation(function (this: ScheduleTable, id, right) {
			return find.call(this, id, right);
		});
		expect(await broken(20, ["race"])).toBe("cancelled");
	});

	test("a delivery that restarts at attempt 1 after a wait in the scheduler", async () => {
		const { store } = ScheduleTable.prototype;
		const begun = new WeakSet<ScheduleTable>();
		const storing = vi.spyOn(ScheduleTable.prototype, "store");
		storing.mockImplementation(function (this: ScheduleTable, rows) {
			const [row] = rows;
			const { delivery, ...event } = JSON.parse(row?.record ?? "{}");
			if (!row || !delivery || begun.has(this)) return store.call(this, rows);
			begun.add(this);
			const anew = { ...event, delivery: { ...delivery, attempt: 1 } };
			store.call(this, [{ ...row, record: JSON.stringify(anew) }]);
		});
		expect(await broken(60, ["race"])).toBe("too often");
	});

	test("an event that is sent twice", async () => {
		const { settle } = ScheduleTable.prototype;
		const settled = new WeakSet<ScheduleTable>();
		const settling = vi.spyOn(ScheduleTable.prototype, "settle");
		settling.mockImplementation(function (this: ScheduleTable, kind, batch) {
			if (settled.has(this)) settle.call(this, kind, batch);
			else settled.add(this);
		});
		expect(await broken(20, ["race"])).toBe("multiplied");
	});

	test("a reschedule that loses its event", async () => {
		const { reschedule, cancel } = ScheduleTable.prototype;
		const moving = vi.spyOn(ScheduleTable.prototype, "reschedule");
		moving.mockImplementation(function (this: ScheduleTable, ...asked) {
			const moved = reschedule.apply(this, asked);
			cancel.call(this, asked[0], "all");
			return moved;
		});
		expect(await broken(20, ["race"])).toBe("missing");
	});

	test("a lost alarm that the watch does not set", async () => {
		vi.spyOn(Scheduler.prototype, "watch").mockResolvedValue(undefined);
		expect(await broken(60, ["alarm"])).toBe("asleep");
	});

	test("an alarm that is set and never fires", async () => {
		vi.spyOn(Scheduler.prototype, "alarm").mockImplementation(function (
			this: Scheduler,
		) {
			const { storage } = (this as unknown as { ctx: DurableObjectState }).ctx;
			return storage.setAlarm(Date.now());
		});
		expect(await broken(20, [])).toBe("asleep");
	});

	test("a call that outlives its request without waitUntil", async () => {
		vi.spyOn(Invocation.prototype, "waitUntil").mockImplementation(() => {});
		// The call of the journal is lost, and may not even begin.
		expect(await broken(20, [])).toMatch(/^(left over|unrecorded)$/);
	});

	test("a webhook that is answered and not stored", async () => {
		vi.spyOn(WebhookTable.prototype, "reserve").mockImplementation((_, id) => ({
			type: "stored",
			event: id,
		}));
		expect(await broken(20, [])).toBe("webhook lost");
	});

	test("a delivery of a webhook that is stored twice", async () => {
		vi.spyOn(WebhookTable.prototype, "confirm").mockImplementation(() => {});
		// A repeated call may also wait for the reservation, which never ends.
		expect(await broken(20, [])).toMatch(/^webhook (repeated|late)$/);
	});

	test("a subscriber that is left out", async () => {
		const { match } = SubscriptionTable.prototype;
		const matching = vi.spyOn(SubscriptionTable.prototype, "match");
		matching.mockImplementation(function (this: SubscriptionTable, ...given) {
			return match.apply(this, given).slice(1);
		});
		expect(await broken(20, [])).toBe("subscriber missed");
	});

	test("a subscriber that is served twice", async () => {
		const { match } = SubscriptionTable.prototype;
		const matching = vi.spyOn(SubscriptionTable.prototype, "match");
		matching.mockImplementation(function (this: SubscriptionTable, ...given) {
			return match.apply(this, given).flatMap((one) => [one, one]);
		});
		expect(await broken(20, [])).toBe("subscriber repeated");
	});

	test("an event of an app that never stops", async () => {
		vi.spyOn(SubscriptionTable.prototype, "isEmpty").mockReturnValue(false);
		expect(await broken(20, [])).toBe("not stopped");
	});

	test("a webhook that accepts calls after the stop", async () => {
		const state = vi.spyOn(Subscriptions.prototype, "webhookState");
		state.mockResolvedValue("open");
		expect(await broken(20, [])).toBe("not stopped");
	});

	test("polls that are twice as many", async () => {
		const { poll } = LifecycleRunner.prototype;
		const polling = vi.spyOn(LifecycleRunner.prototype, "poll");
		polling.mockImplementation(function (this: LifecycleRunner, interval) {
			return poll.call(this, interval / 2);
		});
		expect(await broken(20, [])).toBe("polled");
	});

	test("a journal that shows a failed attempt as delivered", async () => {
		const { observe } = Recorder.prototype;
		const observing = vi.spyOn(Recorder.prototype, "observe");
		observing.mockImplementation(function (this: Recorder, transition) {
			const isFailed = transition.type === "retrying";
			const type = isFailed ? "delivered" : transition.type;
			observe.call(this, { ...transition, type } as Transition);
		});
		expect(await broken(20, [])).toBe("untrue");
	});

	test("a key that stands for two events", async () => {
		const reserving = vi.spyOn(Keys.prototype, "reserve");
		reserving.mockImplementation(async (keys) =>
			keys.map(({ id, time }) => ({ type: "reserved", id, time })),
		);
		expect(await broken(20, [])).toBe("key");
	});

	test("an event that is sent again although its key was confirmed", async () => {
		vi.spyOn(KeyTable.prototype, "confirm").mockImplementation(() => {});
		expect(await broken(20, [])).toBe("key");
	});

	test("a job whose progress goes back", async () => {
		const { advance } = JobTable.prototype;
		const advancing = vi.spyOn(JobTable.prototype, "advance");
		advancing.mockImplementation(function (this: JobTable, id, result) {
			advance.call(this, id, { ...result, done: -1 });
		});
		expect(await broken(20, [])).toBe("job");
	});

	test("a job that never goes on", async () => {
		vi.spyOn(Jobs.prototype, "alarm").mockResolvedValue();
		expect(await broken(20, [])).toBe("job");
	});

	test("a journal that lacks entries", async () => {
		vi.spyOn(PageTable.prototype, "add").mockImplementation(() => {});
		expect(await broken(20, [])).toBe("unrecorded");
	});

	test("a journal that counts a batch twice", async () => {
		const { add } = MinuteTable.prototype;
		const adding = vi.spyOn(MinuteTable.prototype, "add");
		adding.mockImplementation(function (this: MinuteTable, ...given) {
			add.apply(this, given);
			add.apply(this, given);
		});
		expect(await broken(20, [])).toBe("miscounted");
	});

	test("a body that is never deleted", async () => {
		vi.spyOn(Payloads.prototype, "alarm").mockResolvedValue();
		expect(await broken(300, ["race"])).toBe("retained");
	});
});

test("a history is shrunk to the parts that break the law", async () => {
	const scenario = draw(16);
	const isCulprit = (act: Act) => act.do === "deploy";
	const whole = await run(scenario);
	const judge: typeof run = async (shorter, only) => {
		const outcome = { ...whole, scenario: shorter, struck: [...(only ?? [])] };
		const isBroken =
			shorter.acts.some(isCulprit) && (only?.has("two") ?? false);
		const violations = [{ rule: "missing" as const, text: "it is gone" }];
		return { ...outcome, violations: isBroken ? violations : [] };
	};
	const failed = await judge(scenario, new Set(["one", "two", "three"]));
	const { scenario: shortest, struck } = await shrink(failed, judge);
	expect(scenario.acts.length).toBeGreaterThan(10);
	expect(shortest.acts.map((act) => act.do)).toEqual(["deploy"]);
	expect(struck).toEqual(["two"]);
});
