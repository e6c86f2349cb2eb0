import { describe, expect, test } from "vitest";
import { failed, reportOf } from "../../src/event/outcome.ts";
import {
	NonRetryableError,
	RetryAfterError,
} from "../../src/handlers/handler-errors.ts";

/** The report as another Worker sends it. */
const crossed = (value: unknown) => reportOf(structuredClone(value));

describe("a failure in another Worker is read", () => {
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

	test("with its request for no further attempt, or for the next one at a time", () => {
		const at = new Date(1_900_000_000_000);
		expect(crossed(failed(new NonRetryableError("no use")))).toMatchObject({
			asks: { stop: true },
		});
		expect(crossed(failed(new RetryAfterError("busy", at)))).toMatchObject({
			asks: { retryAt: at.getTime() },
		});
		expect(crossed(failed(new Error("plain")))).not.toHaveProperty("asks");
	});

	test.for([undefined, null, "closed", 7, { a: 1 }])(
		"if %j was thrown",
		(thrown) => {
			const outcome = failed(thrown);
			expect(crossed(outcome)).toEqual(outcome);
		},
	);
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
] as const)("a report of the type $type is read unchanged", (report) => {
	expect(crossed(report)).toEqual(report);
});

test.for([undefined, null, 7, "delivered", {}, { type: "tired" }])(
	"an unknown report is a failure: %j",
	(report) => {
		expect(crossed(report)).toMatchObject({
			type: "failed",
			error: { message: expect.stringContaining("Worker reported") },
		});
	},
);

test("issues that are not a list are empty", () => {
	expect(crossed({ type: "unparsable", issues: 5 })).toEqual({
		type: "unparsable",
		issues: [],
	});
});

test("a failure with meaningless members requests nothing", () => {
	const error = { name: "Error", message: "no" };
	for (const asks of [null, 7, {}, { stop: "yes" }, { retryAt: "soon" }])
		expect(crossed({ type: "failed", error, asks })).toEqual({
			type: "failed",
			error,
		});
});
