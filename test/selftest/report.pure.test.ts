/** What the report of a run says of its canaries, from what the journal has of them. */
import { describe, expect, test } from "vitest";
import type { EventLife } from "../../src/journal/life.ts";
import {
	type CanaryName,
	COUNTS,
	canaryEvent,
	RUN_TIME,
} from "../../src/selftest/canary.ts";
import { figuresOf } from "../../src/selftest/figures.ts";
import { reportOn } from "../../src/selftest/report.ts";

const T0 = Date.UTC(2027, 0, 14);
const error = { name: "Error", message: "the Worker mail was not reached" };

let count = 0;

/** The life of a canary whose attempts ended like this, each 40 ms after the publish. */
function life(
	name: CanaryName,
	states: EventLife["state"][],
	more: Partial<EventLife> = {},
	actions: EventLife["actions"][number]["type"][] = [],
): EventLife {
	const attempts = states.map((state, index) => ({
		state,
		at: T0 + 50,
		attempt: index + 1,
		startedAt: T0 + 40,
		...(state !== "delivered" && { error }),
	}));
	const handler = canaryEvent(name);
	const state = states.at(-1) ?? "queued";
	return {
		id: `e${++count}`,
		name: handler,
		time: T0,
		at: T0 + 50,
		state,
		actions: actions.map((type) => ({ type, at: T0 })),
		deliveries: attempts.length > 0 ? [{ handler, state, attempts }] : [],
		...more,
	};
}

const many = (name: keyof typeof COUNTS, missing = 0) =>
	Array.from({ length: COUNTS[name] - missing }, () =>
		life(name, ["delivered"], name === "scheduled" ? { dueAt: T0 + 30 } : {}),
	);

/** A run in which everything went well. */
const passing = (): Record<CanaryName, EventLife[]> => ({
	immediate: many("immediate"),
	batched: many("batched"),
	large: [life("large", ["delivered"])],
	lane: [life("lane", ["delivered"], { tags: { lane: "bulk" } })],
	scheduled: many("scheduled"),
	retried: [life("retried", ["retrying", "delivered"])],
	dead: [life("dead", ["dead"], {}, ["discarded"])],
	replayed: [life("replayed", ["dead", "delivered"], {}, ["replayed"])],
	cancelled: [life("cancelled", [], { dueAt: T0 + 3_000 }, ["cancelled"])],
	worker: [life("worker", ["delivered"], { tags: { worker: "mail" } })],
});

const EXPECTED = { lanes: ["bulk"], workers: ["mail"] };

function report(
	lives: Partial<Record<CanaryName, EventLife[]>>,
	after = 5_000,
) {
	const all = Object.values({ ...passing(), ...lives }).flat();
	return reportOn("run", T0, all, EXPECTED, T0 + after);
}

test("a run passes when each canary has ended as it should; attempts count all that their handlers made", () => {
	const { state, canaries, delivery, lateness } = report({});
	expect(state).toBe("passed");
	expect(
		canaries.map(({ name, lane, worker, state, passed, count, attempts }) => [
			name,
			lane ?? worker,
			state,
			`${passed}/${count}`,
			attempts,
		]),
	).toEqual([
		["immediate", undefined, "passed", "20/20", 20],
		["batched", undefined, "passed", "30/30", 30],
		["large", undefined, "passed", "1/1", 1],
		["lane", "bulk", "passed", "1/1", 1],
		["scheduled", undefined, "passed", "10/10", 10],
		["retried", undefined, "passed", "1/1", 2],
		["dead", undefined, "passed", "1/1", 1],
		["replayed", undefined, "passed", "1/1", 2],
		["cancelled", undefined, "passed", "1/1", 0],
		["worker", "mail", "passed", "1/1", 1],
	]);
	expect(delivery).toEqual({ count: 52, median: 40, p99: 40 });
	expect(lateness).toEqual({ count: 10, median: 10, p99: 10 });
});

test("a duplicate passes, and is counted", () => {
	const twice = life("large", ["delivered", "delivered"]);
	const large = report({ large: [twice] }).canaries.find(
		({ name }) => name === "large",
	);
	expect(large).toMatchObject({ state: "passed", passed: 1, attempts: 2 });
});

describe("a run goes on, and says what is missing, while", () => {
	test.each<[CanaryName, EventLife[], RegExp]>([
		[
			"immediate",
			many("immediate", 2),
			/^not handled: does the queue for events/,
		],
		["large", [], /^not handled: does the queue for events/],
		["lane", [], /^not handled: does the queue for events of the lane/],
		["scheduled", [], /^not handled: does npx tidings health/],
		[
			"retried",
			[life("retried", ["retrying"])],
			/^no second attempt: .* retries/,
		],
		[
			"worker",
			[life("worker", ["retrying"], { tags: { worker: "mail" } })],
			/^the Worker mail was not reached; no second attempt/,
		],
		["dead", [life("dead", ["dead"])], /^no dead letter: .* for dead letters/],
		["replayed", [life("replayed", ["dead"])], /^no dead letter: /],
		[
			"replayed",
			[life("replayed", ["dead"], {}, ["replayed"])],
			/^no replay: .* retries/,
		],
	])("%s has not arrived (%#)", (name, lives, reason) => {
		for (const [after, state] of [
			[5_000, "running"],
			[RUN_TIME + 1, "failed"],
		] as const) {
			const found = report({ [name]: lives }, after);
			expect(found.state).toBe(state);
			expect(found.canaries.find((one) => one.name === name)).toMatchObject({
				state,
				reason: expect.stringMatching(reason),
			});
		}
	});

	test("the cancelled canary could still arrive", () => {
		expect(report({}, 3_500).state).toBe("running");
		expect(report({ cancelled: [] }).state).toBe("running");
	});
});

test.each<[CanaryName, EventLife, string]>([
	[
		"worker",
		life("worker", ["retrying", "dead"], { tags: { worker: "mail" } }),
		error.message,
	],
	[
		"cancelled",
		life("cancelled", ["delivered"], {}, ["cancelled"]),
		"it was delivered, although it was cancelled",
	],
	[
		"replayed",
		life("replayed", ["dead", "dead"], {}, ["replayed"]),
		error.message,
	],
])(
	"%s that ends otherwise fails, with the reason and its event",
	(name, own, reason) => {
		const found = report({ [name]: [own] });
		expect(found.state).toBe("failed");
		expect(found.canaries.find((one) => one.name === name)).toMatchObject({
			state: "failed",
			passed: 0,
			reason,
			event: own.id,
		});
	},
);

test("a percentile is a duration that was measured, and null without any", () => {
	expect(figuresOf([])).toEqual({ count: 0, median: null, p99: null });
	expect(figuresOf([3, 1, 2])).toEqual({ count: 3, median: 2, p99: 3 });
	const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
	expect(figuresOf(hundred)).toEqual({ count: 100, median: 50, p99: 99 });
});
