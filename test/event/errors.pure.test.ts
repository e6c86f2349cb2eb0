import { describe, expect, test, vi } from "vitest";
import {
	atIndex,
	ForbiddenError,
	mapAtIndex,
	PartialPublishError,
	type RefusalCode,
	RefusedError,
	reviveError,
	UnauthorizedError,
	UnavailableError,
} from "../../src/event/errors.ts";
import {
	NonRetryableError,
	RetryAfterError,
	retryWishOf,
} from "../../src/handlers/handler-errors.ts";

const REFUSALS: RefusalCode[] = [
	"batch_too_large",
	"event_too_large",
	"invalid_after",
	"invalid_body",
	"invalid_handler",
	"invalid_name",
	"invalid_request",
	"invalid_token",
	"not_supported",
	"schema_violation",
	"unknown_app",
	"unknown_event",
	"unknown_lane",
	"unknown_name",
	"unknown_tool",
];

/** An error after it crossed a binding: it has its own properties and its message. */
function crossed(error: Error): unknown {
	return JSON.parse(JSON.stringify({ ...error, message: error.message }));
}

describe("an error that crossed a binding", () => {
	const issues = [{ path: "items.0", message: "expected number" }];
	const receipts = [{ id: "a", time: 1, delay: 0 }, null, null];

	test.for([
		...REFUSALS.map((code) => new RefusedError(code, "why")),
		new RefusedError("schema_violation", "why", { index: 2, issues }),
		new ForbiddenError("why"),
		new ForbiddenError("why", { index: 0 }),
		new UnauthorizedError("why"),
		new UnavailableError("why"),
		new PartialPublishError(receipts),
		new RefusedError("unknown_in_this_version" as RefusalCode, "why"),
		Object.assign(new UnavailableError("why"), {
			status: 429,
			retryAfterSeconds: 7,
		}),
	])("has its class and its properties again: %#", (error) => {
		const revived = reviveError(crossed(error)) as Error;
		expect(revived).toBeInstanceOf(error.constructor);
		expect(revived).toBeInstanceOf(Error);
		expect(crossed(revived)).toEqual(crossed(error));
	});

	test("that has its class is returned unchanged, with its stack and cause", () => {
		const cause = new TypeError("no network");
		const error = new UnavailableError("why", { cause });
		expect(reviveError(error)).toBe(error);
		const refused = new RefusedError("invalid_body", "why");
		expect(reviveError(refused)).toBe(refused);
	});

	test("without a message is revived with an empty one", () => {
		const revived = reviveError({ code: "unavailable" }) as Error;
		expect(revived.message).toBe("");
	});

	test("is the cause of a partial publish", () => {
		const value = { code: "partial_publish", receipts };
		expect((reviveError(value) as Error).cause).toBe(value);
	});

	test.for([
		undefined,
		null,
		"forbidden",
		5,
		{},
		{ code: "ENOENT", message: "other" },
		{ code: 5 },
		{ code: "toString" },
		new TypeError("other"),
	])("of another kind is returned unchanged: %#", (value) => {
		expect(reviveError(value)).toBe(value);
	});

	test.for([undefined, null, 5, {}, "garbage", [{}], [undefined]])(
		"with receipts %j is not partial: it is unknown which events were stored",
		(receipts) => {
			const value = { code: "partial_publish", message: "why", receipts };
			const revived = reviveError(value);
			expect(revived).toBeInstanceOf(UnavailableError);
			expect(revived).toMatchObject({ message: "why", cause: value });
		},
	);

	test("with details of other types is revived without them", () => {
		const value = {
			name: "RefusedError",
			code: "invalid_name",
			index: "2",
			issues: "many",
		};
		const revived = reviveError(value) as RefusedError;
		expect(revived).toBeInstanceOf(RefusedError);
		expect(revived.index).toBeUndefined();
		expect(revived.issues).toBeUndefined();
	});
});

describe("the error for a partial publish", () => {
	test("lists the events to publish again", () => {
		const receipt = { id: "a", time: 1, delay: 0 };
		const error = new PartialPublishError([null, receipt, null]);
		expect(error).toMatchObject({ failed: [0, 2], code: "partial_publish" });
		expect(error.message).toMatch(/^2 of 3 events .*\(0, 2\): publish these/);
	});

	test("lists at most ten events in its message", () => {
		const { message, failed } = new PartialPublishError(Array(12).fill(null));
		expect(failed).toHaveLength(12);
		expect(message).toContain("(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)");
		const ten = new PartialPublishError(Array(10).fill(null));
		expect(ten.message).toContain("(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)");
	});
});

test("an error of one event has its index, and its other properties", () => {
	const issues = [{ path: "", message: "m" }];
	const refused = new RefusedError("schema_violation", "why", { issues });
	expect(atIndex(refused, 3)).toMatchObject({
		code: "schema_violation",
		message: "events[3]: why",
		index: 3,
		issues,
	});
	expect(refused.index).toBeUndefined();
	expect(atIndex(new ForbiddenError("why"), 0)).toMatchObject({
		message: "events[0]: why",
		index: 0,
	});
	const other = new TypeError("other");
	expect(atIndex(other, 0)).toBe(other);
});

test("an error has the name of its class, and only the given details", () => {
	const errors = [
		new RefusedError("invalid_name", "why"),
		new ForbiddenError("why"),
		new UnauthorizedError("why"),
		new UnavailableError("why"),
		new PartialPublishError([]),
	];
	for (const error of errors) {
		expect(error.name).toBe(error.constructor.name);
		expect(Object.keys(error)).not.toContain("index");
		expect(Object.keys(error)).not.toContain("issues");
	}
});

describe("a batch with an invalid event", () => {
	const refused = (item: string) => {
		if (item === "bad") throw new RefusedError("invalid_name", "why");
		return item.length;
	};

	test("is rejected with the index of that event, and a valid batch is mapped in order", () => {
		expect(mapAtIndex(["a", "bcd"], refused)).toEqual([1, 3]);
		expect(() => mapAtIndex(["a", "bad"], refused)).toThrow(
			expect.objectContaining({ index: 1, message: "events[1]: why" }),
		);
	});
});

describe("the branded error of a handler", () => {
	test("is recognized by its brand, without its class", () => {
		const stop = new NonRetryableError("no use");
		const again = new RetryAfterError("busy", new Date(5_000));
		expect(retryWishOf(stop)).toEqual({ stop: true });
		expect(retryWishOf(crossed(stop))).toEqual({ stop: true });
		expect(retryWishOf(again)).toEqual({ retryAt: 5_000 });
		expect(retryWishOf(crossed(again))).toEqual({ retryAt: 5_000 });
		const throwable = Object.assign(() => {}, { tidings: "non_retryable" });
		expect(retryWishOf(throwable)).toEqual({ stop: true });
	});

	test.for([
		undefined,
		null,
		"non_retryable",
		new Error("other"),
		{ tidings: "other" },
		{ tidings: "other", retryAt: 5_000 },
		{ tidings: "retry_after" },
		{ tidings: "retry_after", retryAt: "5000" },
		{ tidings: "retry_after", retryAt: Number.POSITIVE_INFINITY },
		{ name: "NonRetryableError" },
	])("is not recognized without the brand: %#", (thrown) => {
		expect(retryWishOf(thrown)).toBeUndefined();
	});

	test("RetryAfterError counts a wait from now, in every form of a duration", () => {
		const before = Date.now();
		for (const after of [60_000, "60 seconds", "1 minute"] as const) {
			const { retryAt } = new RetryAfterError("busy", after);
			expect(retryAt).toBeGreaterThanOrEqual(before + 60_000);
			expect(retryAt).toBeLessThanOrEqual(Date.now() + 60_000);
		}
	});

	test("RetryAfterError accepts every value of the header Retry-After", () => {
		vi.useFakeTimers({ now: Date.parse("2026-11-06T08:48:37Z") });
		try {
			for (const [after, wait] of [
				["120", 120_000],
				[" 0 ", 0],
				["1.5", 1_500],
				["Fri, 06 Nov 2026 08:49:37 GMT", 60_000],
				["fri, 06 nov 2026 08:49:37 gmt", 60_000],
				["Friday, 06-Nov-26 08:49:37 GMT", 60_000],
				["Fri Nov  6 08:49:37 2026", 60_000],
				["Fri, 06 Nov 2026 08:47:37 GMT", -60_000],
				[0, 0],
				[-5, -5],
			] as const)
				expect(retryWishOf(new RetryAfterError("busy", after))).toEqual({
					retryAt: Date.now() + wait,
				});
			for (const after of ["9".repeat(400), Number.POSITIVE_INFINITY])
				expect(retryWishOf(new RetryAfterError("busy", after))).toEqual({
					retryAt: 8.64e15,
				});
		} finally {
			vi.useRealTimers();
		}
	});

	test.for([
		null,
		undefined,
		Number.NaN,
		"",
		"soon",
		"soon 5",
		"Mon, soon",
		"5 parsecs",
		new Date(Number.NaN),
		{},
		[5],
		Symbol("s"),
		1n,
	])("RetryAfterError without a time never hides its message: %#", (after) => {
		const cause = new Error("why");
		const error = new RetryAfterError("busy", after as null, { cause });
		expect(error).toMatchObject({ message: "busy", cause });
		expect(retryWishOf(error)).toBeUndefined();
	});

	test("has its message and its cause", () => {
		const cause = new Error("why");
		expect(new NonRetryableError("no use", { cause })).toMatchObject({
			name: "NonRetryableError",
			message: "no use",
			cause,
		});
		expect(new RetryAfterError("busy", 5, { cause })).toMatchObject({
			name: "RetryAfterError",
			message: "busy",
			cause,
		});
	});
});
