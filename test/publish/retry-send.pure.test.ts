import { describe, expect, test } from "vitest";
import { RefusedError, UnavailableError } from "../../src/event/errors.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { PayloadStore, Scheduler } from "../../src/ports.ts";
import {
	retryingPayloads,
	retryingQueue,
	retryingScheduler,
} from "../../src/publish/retry-send.ts";

const HOUR = 3_600_000;

/** Ports whose clock advances by waits alone. Waits and timeouts are recorded. */
function ports(drawn = 0.5) {
	const waits: number[] = [];
	const watches = new Set<() => void>();
	let now = 0;
	return {
		waits,
		watches,
		pass: (ms: number) => {
			now += ms;
		},
		clock: () => now,
		random: () => drawn,
		timer(expire: () => void, ms: number) {
			if (ms === 25_000) {
				watches.add(expire);
				return () => void watches.delete(expire);
			}
			waits.push(ms);
			now += ms;
			queueMicrotask(expire);
			return () => {};
		},
	};
}

const overloaded = new UnavailableError("Tidings cannot be reached now", {
	cause: new Error("Queue is overloaded"),
});

function ofObject(properties: object): UnavailableError {
	const cause = Object.assign(new Error("internal error"), properties);
	return new UnavailableError("Tidings cannot be reached now", { cause });
}

/** A call that fails with these errors and then succeeds. It counts its calls. */
function failing<Answer = void>(errors: unknown[], answer?: Answer) {
	const left = [...errors];
	const call = {
		times: 0,
		async make(): Promise<Answer> {
			call.times++;
			if (left.length > 0) throw left.shift();
			return answer as Answer;
		},
	};
	return call;
}

function queueOf(call: () => Promise<void>, on = ports()) {
	return retryingQueue({ send: call, sendBatch: call }, on);
}

describe.each(["send", "sendBatch"] as const)("%s", (method) => {
	const give = (queue: ReturnType<typeof queueOf>) =>
		method === "send" ? queue.send("r") : queue.sendBatch(["r"]);

	test("that fails is retried three times, after increasing waits", async () => {
		const on = ports();
		const call = failing([overloaded, overloaded, overloaded]);
		await give(queueOf(call.make, on));
		expect(call.times).toBe(4);
		expect(on.waits).toEqual([100, 200, 400]);
		expect(on.watches.size).toBe(0);
	});

	test("that always fails rejects with its last error", async () => {
		const last = new UnavailableError("the last");
		const call = failing([
			overloaded,
			overloaded,
			overloaded,
			last,
			overloaded,
		]);
		await expect(give(queueOf(call.make))).rejects.toBe(last);
		expect(call.times).toBe(4);
	});

	test("that succeeds is called once, without a wait", async () => {
		const on = ports();
		const call = failing([]);
		await give(queueOf(call.make, on));
		expect([call.times, on.waits, on.watches.size]).toEqual([1, [], 0]);
	});

	test.each([
		new RefusedError("invalid_name", "no"),
		new Error("tidings: the queue binding EVENTS_QUEUE is missing"),
	])("that fails with %s is not retried", async (error) => {
		const call = failing([error]);
		await expect(give(queueOf(call.make))).rejects.toBe(error);
		expect(call.times).toBe(1);
	});
});

test.each([
	[0, [0, 0, 0]],
	[0.999, [199.8, 399.6, 799.2]],
])(
	"waits have full jitter, so that callers do not retry at the same time: %d",
	async (drawn, waits) => {
		const on = ports(drawn);
		await queueOf(failing([overloaded, overloaded, overloaded]).make, on).send(
			"r",
		);
		expect(on.waits).toEqual(waits);
	},
);

test("no retry begins later than two seconds after the first call", async () => {
	const on = ports();
	const call = failing([overloaded, overloaded, overloaded]);
	const slow = async () => {
		on.pass(900);
		await call.make();
	};
	await expect(queueOf(slow, on).send("r")).rejects.toBe(overloaded);
	expect(call.times).toBe(2);
});

test("a send that never resolves fails after 25 seconds, and is not retried", async () => {
	const on = ports();
	let asked = 0;
	const never = () => {
		asked++;
		return new Promise<void>(() => {});
	};
	const sent = queueOf(never, on).send("r");
	on.pass(25_000);
	for (const expire of on.watches) expire();
	await expect(sent).rejects.toThrow("no answer within 25000 ms");
	await expect(sent).rejects.toBeInstanceOf(UnavailableError);
	expect(asked).toBe(1);
});

const row = (dueAt: number) => ({ id: "e1", dueAt }) as ScheduledRow;

function scheduleOf(call: () => Promise<unknown>, on = ports()): Scheduler {
	const all = { store: call, cancel: call, reschedule: call };
	return retryingScheduler(all as Partial<Scheduler> as Scheduler, on);
}

describe("a shard", () => {
	const again = ofObject({ retryable: true });
	const calls: [string, (schedule: Scheduler) => Promise<unknown>][] = [
		["store", ({ store }) => store([row(HOUR)])],
		["cancel", ({ cancel }) => cancel("e1", "all")],
		["reschedule", ({ reschedule }) => reschedule("e1", HOUR, "all")],
	];

	test.each(calls)(
		"with a retryable error receives %s again",
		async (_, act) => {
			const call = failing([again, again, again], "answer");
			expect(await act(scheduleOf(call.make))).toBe("answer");
			expect(call.times).toBe(4);
		},
	);

	test.each(calls)(
		"that is overloaded receives no second %s",
		async (_, act) => {
			for (const error of [
				ofObject({ retryable: true, overloaded: true }),
				ofObject({ overloaded: true }),
				ofObject({ remote: true }),
			]) {
				const call = failing([error]);
				await expect(act(scheduleOf(call.make))).rejects.toBe(error);
				expect(call.times).toBe(1);
			}
		},
	);

	test.each([
		[61_999, 1],
		[62_000, 2],
	])(
		"stores an event due in %d ms %d times, because the queue may have it before a retry",
		async (dueAt, times) => {
			const call = failing([again]);
			const stored = scheduleOf(call.make).store([row(HOUR), row(dueAt)]);
			await stored.catch(() => {});
			expect(call.times).toBe(times);
		},
	);

	const moves = calls.slice(1);

	test.each(moves)(
		"without the event in a retry of %s gives an unknown result: the first call may have moved it",
		async (_, act) => {
			const call = failing([again], "gone");
			await expect(act(scheduleOf(call.make))).rejects.toMatchObject({
				code: "unavailable",
				message: expect.stringContaining("the result for e1 is unknown"),
			});
			expect(call.times).toBe(2);
		},
	);

	test.each(moves)(
		"without the event in the first %s gives gone",
		async (_, act) => {
			expect(await act(scheduleOf(failing([], "gone").make))).toBe("gone");
		},
	);
});

test("a large body is stored again", async () => {
	const call = failing([ofObject({ retryable: true })]);
	const payloads = { put: call.make } as Partial<PayloadStore>;
	await retryingPayloads(payloads as PayloadStore, ports()).put(
		"e1",
		"text",
		5,
	);
	expect(call.times).toBe(2);
});
