import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { outliveResponse } from "../../src/publish/wait-until.ts";

let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
	warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

describe("a call that outlives its response", () => {
	test("is given to waitUntil, and returns its own result", async () => {
		const extended: Promise<unknown>[] = [];
		const result = outliveResponse(
			async () => "receipt",
			(promise) => extended.push(promise),
		);
		expect(await result).toBe("receipt");
		expect(await Promise.all(extended)).toEqual(["receipt"]);
		expect(warn).not.toHaveBeenCalled();
	});

	test("rejects for its caller, and its error is logged, because the caller may not await it", async () => {
		const error = new Error("overloaded");
		const extended: Promise<unknown>[] = [];
		const result = outliveResponse(
			() => Promise.reject(error),
			(promise) => extended.push(promise),
		);
		await expect(result).rejects.toBe(error);
		await Promise.all(extended);
		expect(warn.mock.calls).toEqual([["tidings: not published", error]]);
	});

	test.each([
		["there is no waitUntil", undefined],
		[
			"there is no request",
			() => {
				throw new Error("no request");
			},
		],
	])("returns its result if %s", async (_, waitUntil) => {
		expect(await outliveResponse(async () => 1, waitUntil)).toBe(1);
	});
});
