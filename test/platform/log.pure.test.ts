import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Transition } from "../../src/event/transition.ts";
import { log, logTransitions, safeObserver } from "../../src/platform/log.ts";

const LEVELS = ["debug", "log", "info", "warn", "error"] as const;

let lines: [level: string, line: Record<string, unknown>][];

beforeEach(() => {
	lines = [];
	for (const level of LEVELS)
		vi.spyOn(console, level).mockImplementation((line, ...more) => {
			expect(more).toEqual([]);
			lines.push([level, JSON.parse(line)]);
		});
});
afterEach(() => vi.restoreAllMocks());

const ofEvent = { at: 0, id: "e1", event: "user.joned" };
const ofDelivery = { ...ofEvent, handler: "audit", attempt: 2 };
const failure = { name: "Error", message: "closed" };
const ids = { event: "e1", name: "user.joned", handler: "audit", attempt: 2 };

describe("a log line", () => {
	test("is one JSON object: its name, the ids, the error, and what happens next", () => {
		const error = new TypeError("closed");
		log("retry_enqueue_failed", { ...ids, error });
		expect(lines).toEqual([
			[
				"error",
				{
					tidings: "retry_enqueue_failed",
					...ids,
					error: { name: "TypeError", message: "closed", stack: error.stack },
					next: "the scheduler stores the retry",
				},
			],
		]);
	});

	test("has the causes of the error, also of one that was serialized before", () => {
		const cause = { name: "Error", message: "the ledger is closed" };
		for (const error of [
			new Error("closed", { cause }),
			{ name: "Error", message: "closed", cause },
		]) {
			log("retry_enqueue_failed", { error });
			expect(lines.pop()?.[1]).toMatchObject({
				error: { message: "closed", cause },
			});
		}
	});

	test("begins with its name and ends with what happens next", () => {
		log("retry_enqueue_failed", { ...ids, error: "closed" });
		const keys = Object.keys(lines[0]?.[1] ?? {});
		expect(keys[0]).toBe("tidings");
		expect(keys.at(-1)).toBe("next");
	});

	test("has a level: a warning if nothing has failed", () => {
		log("lane_missing", { lane: "bulk" });
		log("alarm_not_set", { shard: "s1", error: null });
		expect(lines).toMatchObject([
			["warn", { tidings: "lane_missing", lane: "bulk" }],
			["error", { tidings: "alarm_not_set", shard: "s1" }],
		]);
	});

	test("has no error if there is none, and needs no fields", () => {
		log("api_keys_missing");
		expect(lines).toEqual([
			[
				"error",
				{
					tidings: "api_keys_missing",
					next: "every API request is answered with 401",
				},
			],
		]);
	});

	test.each([
		["a string", "closed", { name: "string", message: "closed" }],
		["null", null, { name: "null", message: "null" }],
		["a value that cannot be JSON", 1n, { name: "bigint" }],
		["a large error", new Error("x".repeat(100_000)), { name: "Error" }],
	])("contains %s that was thrown", (_, error, expected) => {
		log("message_failed", { error });
		expect(lines[0]?.[1].error).toMatchObject(expected);
		expect(JSON.stringify(lines).length).toBeLessThan(10_000);
	});
});

describe("the default observer", () => {
	test("logs a failed attempt as a warning, with the time of its retry", () => {
		const retryAt = Date.UTC(2027, 0, 1);
		const retrying = { type: "retrying", error: failure, retryAt } as const;
		logTransitions({ ...ofDelivery, ...retrying });
		expect(lines).toEqual([
			[
				"warn",
				{
					tidings: "attempt_failed",
					...ids,
					retryAt: "2027-01-01T00:00:00.000Z",
					error: failure,
					next: "the delivery is retried",
				},
			],
		]);
	});

	test("logs a dead letter as an error, with its cause", () => {
		const dead = { type: "dead", error: failure, cause: "expired" } as const;
		logTransitions({ ...ofDelivery, ...dead });
		expect(lines).toEqual([
			[
				"error",
				{
					tidings: "delivery_dead",
					...ids,
					cause: "expired",
					error: failure,
					next: "it is a dead letter now",
				},
			],
		]);
	});

	test("logs no other transition", () => {
		const others: Transition[] = [
			{ type: "published", ...ofEvent },
			{ type: "scheduled", ...ofEvent, dueAt: 5 },
			{ type: "rescheduled", ...ofEvent, dueAt: 5 },
			{ type: "queued", ...ofEvent, dueAt: 5 },
			{ type: "cancelled", ...ofEvent },
			{ type: "split", ...ofEvent, handlers: ["audit"] },
			{ type: "delivered", ...ofDelivery },
			{ type: "waiting", ...ofDelivery, reason: "unknown_handler", retryAt: 5 },
			{ type: "replayed", ...ofEvent, handler: "audit" },
			{ type: "discarded", ...ofEvent, handler: "audit" },
		];
		for (const transition of others) logTransitions(transition);
		// Some canaries of the selftest fail on purpose.
		const dead = { type: "dead", error: failure, cause: "exhausted" } as const;
		const canary = { ...ofDelivery, event: "tidings.selftest.dead" };
		logTransitions({ ...canary, ...dead });
		expect(lines).toEqual([]);
	});

	test("logs the first ignored event of each name, for up to a hundred names", () => {
		const ignored = { type: "ignored", ...ofEvent } as const;
		// Subscribers receive events with reserved names. It is normal that no handler does.
		logTransitions({ ...ignored, event: "@app/event" });
		expect(lines).toEqual([]);
		logTransitions(ignored);
		logTransitions({ ...ignored, id: "e2" });
		expect(lines).toEqual([
			[
				"warn",
				{
					tidings: "event_ignored",
					event: "e1",
					name: "user.joned",
					next: "nothing; no handler matches this name",
				},
			],
		]);
		for (let n = 0; n < 200; n++)
			logTransitions({ ...ignored, event: `made.up.${n}` });
		expect(lines).toHaveLength(100);
	});
});

describe("an observer", () => {
	const ignored: Transition = { type: "ignored", ...ofEvent };

	test("receives the transition unchanged", () => {
		const observe = vi.fn();
		safeObserver(observe)(ignored);
		expect(observe.mock.calls).toEqual([[ignored]]);
		expect(lines).toEqual([]);
	});

	test("that throws or rejects is logged, and has no other effect", async () => {
		const { id: event, event: name } = ofEvent;
		const fields = { transition: "ignored", event, name, error: failure };
		const line = ["error", { tidings: "observer_failed", ...fields }];
		const throws = () => {
			throw new Error("closed");
		};
		safeObserver(throws)(ignored);
		expect(lines).toMatchObject([line]);
		safeObserver(async () => throws())(ignored);
		await vi.waitFor(() => expect(lines).toMatchObject([line, line]));
	});
});
