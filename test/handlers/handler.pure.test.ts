import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HandlerOptions, handlerOf } from "../../src/handlers/handler.ts";
import { HandlerRegistry } from "../../src/handlers/registry.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => warn.mockClear());
afterEach(() => vi.clearAllMocks());

const run = () => {};
const registering =
	(options: unknown, ...patterns: string[]) =>
	() =>
		handlerOf(patterns, options as HandlerOptions, run);

describe("registration rejects", () => {
	test.each([
		[
			"a timeout over 60 seconds",
			{ timeout: 60_001 },
			/timeout: 60001 ms is too long/,
		],
		[
			"a timeout of 61 seconds as text",
			{ timeout: "61 seconds" },
			/61000 ms is too long/,
		],
		["a timeout of 0", { timeout: 0 }, /: timeout: 0 is not a duration/],
		["an invalid timeout", { timeout: "soon" }, /"soon" is not a duration/],
		["a timeout of NaN", { timeout: Number.NaN }, /NaN is not a duration/],
		["a timeout of null", { timeout: null }, /null is not a duration/],
		["an invalid base", { retries: { base: "x" } }, /"x" is not a duration/],
		["options that are null", null, /order\.placed: the options are null; on/],
		["options that are text", "twice", /: the options are a string; on takes/],
		["an id that is a number", { id: 5 }, /id 5/],
		[
			"an unknown option",
			{ retry: 3 },
			/: options: unknown key "retry"; use id, timeout, retries/,
		],
		["an id with a space", { id: "send mail" }, /"send mail"/],
		["an empty id", { id: "" }, /""/],
		["an id of 129 characters", { id: "x".repeat(129) }, /128/],
		["a negative limit", { retries: -1 }, /-1/],
	])("%s", (_, options, says) => {
		expect(registering(options, "order.placed")).toThrow(says);
		expect(registering(options, "order.placed")).toThrow(
			expect.objectContaining({ code: "invalid_handler" }),
		);
	});

	test.each(["order placed", "", "order.", "ord*r", "order.***", null, 5])(
		"%j as a name or pattern",
		(pattern) => {
			expect(registering({}, "a", pattern as string)).toThrow(
				expect.objectContaining({
					code: "invalid_handler",
					message: expect.stringContaining(
						`: ${JSON.stringify(pattern)} is neither a name nor a pattern; give segments of`,
					),
				}),
			);
		},
	);

	test("with the handler's name at the start of the error", () => {
		expect(registering({ id: "mail", timeout: 0 }, "a", "b.*")).toThrow(
			/^on: a, b\.\*, mail: timeout: /,
		);
		expect(registering({ timeout: 0 }, "a")).toThrow(/^on: a: timeout: /);
	});

	test("an empty list of names", () => {
		expect(registering({ id: "mail" })).toThrow(
			/on: mail: a handler needs a name or pattern/,
		);
	});

	test("a handler that is not a function", () => {
		expect(() => handlerOf(["a"], {}, "no function" as never)).toThrow(
			/on: a: the handler is not a function/,
		);
	});

	test("a repeated id, and suggests an id option", () => {
		const handlers = new HandlerRegistry();
		handlers.add(handlerOf(["order.placed"], { id: "mail" }, run));
		const again = handlerOf(["order.paid"], { id: "mail" }, run);
		expect(() => handlers.add(again)).toThrow(
			/on: the id "mail" is taken.*on\("order\.paid", \{ id: "…" \}/,
		);
	});
});

describe("an id that survives deploys", () => {
	const idOf = (
		on: string[],
		handler: () => void,
		options: HandlerOptions = {},
	) => handlerOf(on, options, handler).id;

	test("is the given one, else the pattern and the function's name", () => {
		function sendMail() {}
		expect(idOf(["order.*"], sendMail, { id: "mail" })).toBe("mail");
		expect(idOf(["order.*"], sendMail)).toBe("order.*:sendMail");
		expect(idOf(["a", "b"], sendMail)).toBe("a,b:sendMail");
	});

	test("is otherwise a hash of the source, independent of the handler's position", () => {
		const id = idOf(["order.*"], () => {});
		expect(id).toMatch(/^order\.\*:[0-9a-f]{8}$/);
		expect(idOf(["order.*"], () => {})).toBe(id);
		expect(idOf(["order.*"], () => void 1)).not.toBe(id);
	});

	test.for([
		["", "811c9dc5"],
		["a", "e40c292c"],
		["foobar", "bf9cf968"],
		["s91", "00b99cf0"],
	] as const)(
		"hashes the source %j to %s, as FNV-1a does",
		([source, hash]) => {
			const handler = Object.assign(() => {}, { toString: () => source });
			Object.defineProperty(handler, "name", { value: "" });
			expect(idOf(["a"], handler)).toBe(`a:${hash}`);
		},
	);

	test("logs a warning if it is a hash and a retry may wait for more than an hour", () => {
		handlerOf(["a"], { retries: 3 }, () => {});
		handlerOf(["a"], { id: "named" }, () => {});
		handlerOf(["a"], {}, function named() {});
		expect(warn).not.toHaveBeenCalled();
		handlerOf(["a"], {}, () => {});
		expect(JSON.parse(warn.mock.calls[0]?.[0])).toMatchObject({
			tidings: "handler_id_unstable",
			hint: 'register it as on("a", { id: "…" }, …)',
		});
	});
});

test("a handler is found only by its id", () => {
	const handlers = new HandlerRegistry();
	const mail = handlerOf(["order.placed"], { id: "mail" }, run);
	handlers.add(mail);
	expect(handlers.get("mail")).toBe(mail);
	expect(handlers.get("order.placed")).toBeUndefined();
	expect(handlers.list()).toEqual([mail]);
});

test("a timeout of 60 seconds and a duration as text are accepted", () => {
	expect(handlerOf(["a"], { id: "a", timeout: 60_000 }, run).timeout).toBe(
		60_000,
	);
	expect(handlerOf(["a"], { id: "a", timeout: "1 minute" }, run).timeout).toBe(
		60_000,
	);
	expect(handlerOf(["a"], { id: "a" }, run)).not.toHaveProperty("timeout");
});
