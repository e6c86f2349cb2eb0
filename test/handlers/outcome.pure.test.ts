import { describe, expect, test } from "vitest";
import { failed } from "../../src/handlers/attempt.ts";
import {
	NonRetryableError,
	RetryAfterError,
} from "../../src/handlers/handler-errors.ts";
import { outcomeFrom } from "../../src/handlers/remote-worker.ts";

/** The outcome as the owner reads it from another Worker. */
const crossed = (value: unknown) => outcomeFrom(structuredClone(value));

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

	test("with its request for no further attempt, or for the next attempt at a time", () => {
		const at = new Date(1_900_000_000_000);
		expect(crossed(failed(new NonRetryableError("no use")))).toMatchObject({
			wants: { stop: true },
		});
		expect(crossed(failed(new RetryAfterError("busy", at)))).toMatchObject({
			wants: { retryAt: at.getTime() },
		});
		expect(crossed(failed(new Error("plain")))).not.toHaveProperty("wants");
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
	{ type: "unknown_handler" },
	{ type: "not_started" },
	{ type: "timed_out", timeout: 5_000 },
	{ type: "timed_out", timeout: 200, elapsed: 3_000 },
	{
		type: "unparsable",
		issues: [{ path: "total", message: "expected number" }],
	},
] as const)("an outcome of the type $type is read unchanged", (outcome) => {
	expect(crossed(outcome)).toEqual(outcome);
});

test.for([undefined, null, 7, "delivered", {}, { type: "tired" }])(
	"an unknown outcome is a failure: %j",
	(outcome) => {
		expect(crossed(outcome)).toMatchObject({
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

test("a failure whose request is invalid requests nothing", () => {
	const error = { name: "Error", message: "no" };
	for (const wants of [null, 7, {}, { stop: "yes" }, { retryAt: "soon" }])
		expect(crossed({ type: "failed", error, wants })).toEqual({
			type: "failed",
			error,
		});
});
