import {
	afterEach,
	beforeEach,
	describe,
	expect,
	type MockInstance,
	test,
	vi,
} from "vitest";
import { outliveResponse } from "../../src/publish/wait-until.ts";

const subject = { name: "order.placed" };
let warn: MockInstance<typeof console.warn>;

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
			subject,
		);
		expect(await result).toBe("receipt");
		expect(await Promise.all(extended)).toEqual(["receipt"]);
		expect(warn).not.toHaveBeenCalled();
	});

	test("logs no rejection that its caller handles", async () => {
		const error = new Error("overloaded");
		const extended: Promise<unknown>[] = [];
		const begin = () =>
			outliveResponse(
				() => Promise.reject(error),
				(promise) => extended.push(promise),
				subject,
			);
		await expect(begin()).rejects.toBe(error);
		await expect(begin().catch(String)).resolves.toBe("Error: overloaded");
		await expect(Promise.all([begin()])).rejects.toBe(error);
		await Promise.all(extended);
		expect(warn).not.toHaveBeenCalled();
	});

	test("logs a rejection that is not awaited, and leaves none unhandled", async () => {
		const unhandled = vi.fn();
		process.on("unhandledRejection", unhandled);
		const extended: Promise<unknown>[] = [];
		outliveResponse(
			() => Promise.reject(new Error("overloaded")),
			(promise) => extended.push(promise),
			subject,
		);
		await Promise.all(extended);
		await new Promise((resolve) => setImmediate(resolve));
		process.off("unhandledRejection", unhandled);
		expect(unhandled).not.toHaveBeenCalled();
		expect(
			warn.mock.calls.map(([line]) => JSON.parse(String(line))),
		).toMatchObject([
			{
				tidings: "publish_not_awaited",
				name: "order.placed",
				error: { message: "overloaded" },
			},
		]);
	});

	test.each([
		["there is no waitUntil", undefined],
		[
			"there is no request",
			() => {
				throw new Error("no request");
			},
		],
	])("returns its result, or its rejection, if %s", async (_, waitUntil) => {
		expect(await outliveResponse(async () => 1, waitUntil, subject)).toBe(1);
		const error = new Error("overloaded");
		const rejected = outliveResponse(
			() => Promise.reject(error),
			waitUntil,
			subject,
		);
		await expect(rejected).rejects.toBe(error);
		await new Promise((resolve) => setTimeout(resolve));
		expect(warn).not.toHaveBeenCalled();
	});
});
