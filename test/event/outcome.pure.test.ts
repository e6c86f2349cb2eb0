import { describe, expect, test } from "vitest";
import { failed, reportOf } from "../../src/event/outcome.ts";
import {
	NonRetryableError,
	RetryAfterError,
} from "../../src/handlers/handler-errors.ts";

/** As it arrives from another Worker. */
const crossed = (value: unknown) => reportOf(structuredClone(value));

describe("a failure in another Worker arrives whole", () => {
	test("with name, message and stack", () => {
		class ClosedError extends Error {
			override readonly name = "ClosedError";
		}
		const thrown = new ClosedError("the warehouse is closed");
		expect(crossed(failed(thrown))).toEqual({
			type: "failed",
			error: {
				name: "ClosedError",
				message: "the warehouse is closed",
				stack: thrown.stack,
			},
		});
	});

	test("with what it asks for, no further attempt or the next one at a time", () => {
		const at = new Date(1_900_000_000_000);
		expect(crossed(failed(new NonRetryableError("no use")))).toMatchObject({
			asks: { stop: true },
		});
		expect(crossed(failed(new RetryAfterError("busy", at)))).toMatchObject({
			asks: { retryAt: at.getTime() },
		});
		expect(crossed(failed(new Error("plain")))).not.toHaveProperty("asks");
	});

	test.for([undefined, null, "closed", 7, { a: 1 }])("even %j", (thrown) => {
		const outcome = failed(thrown);
		expect(crossed(outcome)).toEqual(outcome);
	});
});

test.for([
	{ type: "delivered" },
	{ type: "unknown" },
	{ type: "not_begun" },
	{ type: "timed_out", timeout: 5_000 },
	{
		type: "unparsable",
		issues: [{ path: "total", message: "expected number" }],
	},
] as const)("$type arrives as it was reported", (report) => {
	expect(crossed(report)).toEqual(report);
});

test.for([undefined, null, 7, "delivered", {}, { type: "tired" }])(
	"a report that this deploy does not know is a failure that says so: %j",
	(report) => {
		expect(crossed(report)).toMatchObject({
			type: "failed",
			error: { message: expect.stringContaining("its Worker reported") },
		});
	},
);

test("issues that are no list are none", () => {
	expect(crossed({ type: "unparsable", issues: 5 })).toEqual({
		type: "unparsable",
		issues: [],
	});
});

test("a failure with members that mean nothing asks for nothing", () => {
	const error = { name: "Error", message: "no" };
	for (const asks of [null, 7, {}, { stop: "yes" }, { retryAt: "soon" }])
		expect(crossed({ type: "failed", error, asks })).toEqual({
			type: "failed",
			error,
		});
});
