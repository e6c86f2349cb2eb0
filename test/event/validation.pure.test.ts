import { expect, test } from "vitest";
import {
	objectOf,
	rejectUnknownKeys,
	show,
} from "../../src/event/validation.ts";

test("an unknown key is rejected, and the error lists the known keys", () => {
	const check = () =>
		rejectUnknownKeys("worker", { fetch: 1, prefx: 2 }, KNOWN);
	expect(check).toThrow(
		expect.objectContaining({
			name: "RefusedError",
			code: "invalid_request",
			message: 'worker: unknown key "prefx"; use fetch, prefix',
		}),
	);
	expect(() =>
		rejectUnknownKeys("on", { a: 1 }, [], "invalid_handler"),
	).toThrow(expect.objectContaining({ code: "invalid_handler" }));
});

test("options with some, all or none of the known keys are accepted", () => {
	for (const options of [{}, { prefix: "" }, { fetch: 1, prefix: undefined }])
		expect(() => rejectUnknownKeys("worker", options, KNOWN)).not.toThrow();
});

const KNOWN = ["fetch", "prefix"];

test("an array and null are not objects", () => {
	const object = { a: 1 };
	expect(objectOf(object)).toBe(object);
	for (const value of [[], null, undefined, "a", 1])
		expect(() => objectOf(value)).toThrow(
			new TypeError(`expected an object, got ${show(value)}`),
		);
});

test("a message shows any value, cut to 150 characters", () => {
	const circular: unknown[] = [];
	circular.push(circular);
	expect([{ a: 1 }, "a", undefined, 1n, circular].map(show)).toEqual([
		'{"a":1}',
		'"a"',
		"undefined",
		"bigint",
		"object",
	]);
	expect(show("x".repeat(1_000))).toHaveLength(151);
});
