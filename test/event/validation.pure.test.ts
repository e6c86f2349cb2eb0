import { expect, test } from "vitest";
import { rejectUnknownKeys } from "../../src/event/validation.ts";

test("an unknown key is rejected, and the error lists the known ones", () => {
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

test("known keys are accepted, some, all or none of them", () => {
	for (const options of [{}, { prefix: "" }, { fetch: 1, prefix: undefined }])
		expect(() => rejectUnknownKeys("worker", options, KNOWN)).not.toThrow();
});

const KNOWN = ["fetch", "prefix"];
