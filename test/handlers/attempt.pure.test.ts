import { beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { Schema } from "../../src/event/definition.ts";
import { serializeError as describeThrown } from "../../src/event/failure.ts";
import { attempt } from "../../src/handlers/attempt.ts";
import {
	type HandlerContext,
	type HandlerFunction,
	handlerOf,
} from "../../src/handlers/handler.ts";
import type { Ports } from "../../src/ports.ts";

const head = { id: "e1", name: "order.placed", time: 1_000, delay: 5 };

/** A clock that the test advances. */
class Time implements Pick<Ports, "clock" | "timer"> {
	now = 1_800_000_000_000;
	readonly startedAt = this.now;
	readonly #standing = new Set<{ at: number; expire: () => void }>();
	readonly clock = () => this.now;
	readonly timer = (expire: () => void, ms: number) => {
		const mine = { at: this.now + ms, expire };
		this.#standing.add(mine);
		return () => this.#standing.delete(mine);
	};
	/** The pending timer. An attempt never has two. */
	get armed() {
		expect(this.#standing.size).toBeLessThanOrEqual(1);
		return [...this.#standing][0];
	}
	pass(ms: number): void {
		this.now += ms;
		const { armed } = this;
		if (!armed || armed.at > this.now) return;
		this.#standing.delete(armed);
		armed.expire();
	}
}

let time: Time;
let context: HandlerContext;

beforeEach(() => {
	time = new Time();
});

function begin(run: HandlerFunction, schema?: Schema, body: unknown = null) {
	const options = { id: "h" };
	const capturing: HandlerFunction = (event, itsContext) => {
		context = itsContext;
		return run(event, itsContext);
	};
	const handler = handlerOf([head.name], options, capturing, schema);
	const call = { attempt: 2, timeout: 5_000 };
	return attempt(handler, { ...head, body }, call, time);
}

/** A handler that ends when the test decides. */
function pending() {
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	return { run: () => promise, resolve, reject };
}

const timedOut = (timeout: number, elapsed?: number) => ({
	type: "timed_out",
	timeout,
	...(elapsed !== undefined && { elapsed }),
});

describe("a handler that ends before its deadline", () => {
	test("has delivered the event, and its timer is cleared", async () => {
		const { run, resolve } = pending();
		const outcome = begin(run);
		expect(time.armed?.at).toBe(time.startedAt + 5_000);
		time.pass(4_999);
		resolve();
		expect(await outcome).toEqual({ type: "delivered" });
		expect(time.armed).toBeUndefined();
		expect(context.signal.aborted).toBe(false);
	});

	test("receives the event, its id and the number of the attempt", async () => {
		const run = vi.fn();
		expect(await begin(run, undefined, { a: 1 })).toEqual({
			type: "delivered",
		});
		expect(run).toHaveBeenCalledExactlyOnceWith(
			{ ...head, body: { a: 1 } },
			expect.objectContaining({ handler: "h", attempt: 2 }),
		);
	});

	test.for([new Error("closed"), undefined, null, "closed"])(
		"has failed with any value that it throws, synchronously or later: %s",
		async (thrown) => {
			const failed = { type: "failed", error: describeThrown(thrown) };
			const throwing = () => {
				throw thrown;
			};
			expect(await begin(throwing)).toEqual(failed);
			expect(await begin(async () => throwing())).toEqual(failed);
			expect(time.armed).toBeUndefined();
		},
	);
});

describe("a handler after its deadline", () => {
	test("has failed exactly then, and its signal aborts", async () => {
		const outcome = begin(pending().run);
		time.pass(4_999);
		expect(context.signal.aborted).toBe(false);
		time.pass(1);
		expect(context.signal.aborted).toBe(true);
		expect(context.signal.reason).toMatchObject({
			name: "TimeoutError",
			message: "the attempt did not end within 5000 ms",
		});
		expect(await outcome).toEqual(timedOut(5_000));
	});

	test("has an aborted signal, even if it reads the signal only then", async () => {
		const outcome = begin(pending().run);
		time.pass(5_000);
		expect(await outcome).toEqual(timedOut(5_000));
		expect(context.signal.aborted).toBe(true);
		expect(context.signal.reason).toMatchObject({
			name: "TimeoutError",
			message: "the attempt did not end within 5000 ms",
		});
	});

	test("has failed, even if it returned synchronously", async () => {
		const outcome = begin(() => {
			time.pass(300);
			context.setTimeout(200);
		});
		expect(await outcome).toEqual(timedOut(200, 300));
		expect(time.armed).toBeUndefined();
	});

	test("is ignored if it then returns, throws or sets a timeout", async () => {
		for (const end of ["resolve", "reject"] as const) {
			const handler = pending();
			const outcome = begin(handler.run);
			time.pass(5_000);
			handler[end](new Error("too late") as never);
			expect(await outcome).toEqual(timedOut(5_000));
			context.setTimeout(60_000);
			expect(time.armed).toBeUndefined();
		}
	});

	test("is ignored when it throws because of its signal", async () => {
		const outcome = begin(async (_, { signal }) => {
			const { promise, reject } = Promise.withResolvers();
			signal.addEventListener("abort", () => reject(signal.reason));
			await promise;
		});
		time.pass(5_000);
		expect(await outcome).toEqual(timedOut(5_000));
	});
});

describe("context.setTimeout", () => {
	test("works without its context", async () => {
		const outcome = begin(
			async (_, { handler, attempt, signal, setTimeout }) => {
				expect({ handler, attempt }).toEqual({ handler: "h", attempt: 2 });
				setTimeout(200);
				expect(signal.aborted).toBe(false);
				await pending().run();
			},
		);
		time.pass(200);
		expect(await outcome).toEqual(timedOut(200));
	});

	test("extends the time, counted from the attempt's start", async () => {
		const outcome = begin(pending().run);
		time.pass(3_000);
		context.setTimeout(10_000);
		time.pass(6_999);
		expect(context.signal.aborted).toBe(false);
		time.pass(1);
		expect(await outcome).toEqual(timedOut(10_000));
	});

	test("shortens the time, and the last call counts", async () => {
		const outcome = begin(pending().run);
		time.pass(100);
		context.setTimeout(60_000);
		context.setTimeout(200);
		time.pass(99);
		expect(context.signal.aborted).toBe(false);
		time.pass(1);
		expect(await outcome).toEqual(timedOut(200));
	});

	test.for([300, 299, 0.5])(
		"with %d of 300 elapsed ms fails at once, even if the handler returns, and reports how long it ran",
		async (ms) => {
			const outcome = begin(async (_, { setTimeout, signal }) => {
				time.pass(300);
				setTimeout(ms);
				expect(signal.aborted).toBe(true);
				if (ms < 300) expect(signal.reason.message).toContain("300 ms");
			});
			expect(await outcome).toEqual(
				ms === 300 ? timedOut(ms) : timedOut(ms, 300),
			);
		},
	);

	test.for([0, -1, 60_001, Number.NaN, Number.POSITIVE_INFINITY, "10"])(
		"with %s throws a RangeError and changes nothing",
		async (ms) => {
			const { run, resolve } = pending();
			const outcome = begin(run);
			expect(() => context.setTimeout(ms as number)).toThrow(RangeError);
			expect(() => context.setTimeout(ms as number)).toThrow(`${ms} is not`);
			expect(time.armed?.at).toBe(time.startedAt + 5_000);
			context.setTimeout(60_000);
			expect(time.armed?.at).toBe(time.startedAt + 60_000);
			resolve();
			expect(await outcome).toEqual({ type: "delivered" });
		},
	);
});

describe("a handler with a schema", () => {
	const order = z.object({
		total: z.coerce.number(),
		tags: z.string().array().default([]),
	});

	test("receives the schema's output", async () => {
		const run = vi.fn();
		await begin(run, order, { total: "12.5", more: true });
		expect(run.mock.calls[0]?.[0]).toEqual({
			...head,
			body: { total: 12.5, tags: [] },
		});
	});

	test("does not run for a body that no longer parses, and reports the issues", async () => {
		const run = vi.fn();
		expect(await begin(run, order, { total: 1, tags: [5] })).toEqual({
			type: "unparsable",
			issues: [{ path: "tags.0", message: expect.any(String) }],
		});
		expect(run).not.toHaveBeenCalled();
		expect(time.armed).toBeUndefined();
	});

	test("has failed when its schema throws", async () => {
		const thrown = new Error("broken schema");
		const broken = z.unknown().transform(() => {
			throw thrown;
		});
		expect(await begin(vi.fn(), broken)).toEqual({
			type: "failed",
			error: describeThrown(thrown),
		});
	});

	test("does not start if its schema uses up the time synchronously", async () => {
		const run = vi.fn();
		const slow = {
			"~standard": {
				version: 1,
				vendor: "test",
				validate(value: unknown) {
					time.pass(5_000);
					return { value };
				},
			},
		} as const;
		expect(await begin(run, slow)).toEqual(timedOut(5_000));
		expect(run).not.toHaveBeenCalled();
	});

	test("does not start if its schema uses up the time", async () => {
		const run = vi.fn();
		const parsing = Promise.withResolvers<boolean>();
		const slow = z.unknown().refine(() => parsing.promise);
		const outcome = begin(run, slow);
		time.pass(5_000);
		expect(await outcome).toEqual(timedOut(5_000));
		parsing.resolve(true);
		// More ticks than the schema needs.
		for (let turn = 0; turn < 50; turn++) await Promise.resolve();
		expect(run).not.toHaveBeenCalled();
	});
});
