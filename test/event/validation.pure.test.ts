import { expect, test } from "vitest";
import { rejectUnknownKeys } from "../../src/event/validation.ts";

test("a member that does nothing is refused with those that there are", () => {
	const check = () =>
		rejectUnknownKeys("worker", { fetch: 1, prefx: 2 }, KNOWN);
	expect(check).toThrow(
		expect.objectContaining({
			name: "RefusedError",
			code: "invalid_request",
			message: 'worker: unknown member "prefx": use fetch, prefix',
		}),
	);
	expect(() =>
		rejectUnknownKeys("on", { a: 1 }, [], "invalid_handler"),
	).toThrow(expect.objectContaining({ code: "invalid_handler" }));
});

test("members that are known pass, some of them, all or none", () => {
	for (const options of [{}, { prefix: "" }, { fetch: 1, prefix: undefined }])
		expect(() => rejectUnknownKeys("worker", options, KNOWN)).not.toThrow();
});

const KNOWN = ["fetch", "prefix"];
