import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HandlerOptions, handlerOf } from "../../src/handlers/handler.ts";
import { handlerModules } from "../../src/handlers/modules.ts";
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

	test("a repeated id, and says why the new handler and not the deployed one needs another", () => {
		const handlers = new HandlerRegistry();
		handlers.add(handlerOf(["order.placed"], { id: "mail" }, run));
		const again = handlerOf(["order.paid"], { id: "mail" }, run);
		expect(() => handlers.add(again)).toThrow(
			'on: two handlers have the id "mail", for order.placed and for order.paid; give the new one an id of its own, on(…, { id: "…" }, …): waiting deliveries and dead letters find the old one by this id',
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

	test("is never a generic name if the function's file is known: it follows the file and the export", () => {
		const [mail, log] = [0, 1].map(() => async function handler() {});
		const stock = () => {};
		handlerModules({
			"src/subscribers/mail.ts": { handler: mail },
			"src/subscribers/order/log.mjs": { schema: {}, handler: log },
			"src/subscribers/stock.ts": { default: stock },
		});
		expect(idOf(["order.*"], mail as () => void)).toBe(
			"order.*:src/subscribers/mail.handler",
		);
		expect(idOf(["order.*"], log as () => void)).toBe(
			"order.*:src/subscribers/order/log.handler",
		);
		expect(idOf(["order.*"], stock)).toBe("order.*:stock");
		expect(warn).not.toHaveBeenCalled();
	});

	test("is found although another module exports a value that cannot be read yet", () => {
		const module = Object.defineProperty({}, "early", {
			enumerable: true,
			get() {
				throw new ReferenceError("early is not initialized");
			},
		});
		function handle() {}
		handlerModules({ "src/cycle.ts": module, "src/late.ts": { handle } });
		expect(idOf(["a"], handle)).toBe("a:src/late.handle");
	});
});

describe("an id that another handler may get later is logged", () => {
	const named = (name: string) =>
		Object.defineProperty(() => {}, "name", { value: name });
	const warnings = () => warn.mock.calls.map(([line]) => JSON.parse(line));

	test.each([
		"handler",
		"Handler",
		"handle",
		"default",
		"run",
		"fn",
		"main",
		"wrapped",
		"wrappedHandler",
		"handler2",
		"onEvent",
		"eventHandler",
		"_default",
		"anonymous",
		// As a minifier names functions.
		"t",
		"ae",
	])("for a function with the name %s, whatever its policy", (name) => {
		const { id } = handlerOf(["a"], { retries: 0 }, named(name));
		expect(warnings()).toEqual([
			expect.objectContaining({
				tidings: "handler_id_unstable",
				handler: id,
				hint: 'another handler may get this id; use on("a", { id: "…" }, …)',
			}),
		]);
	});

	test("for a function without a name", () => {
		const { id } = handlerOf(["a"], { retries: 0 }, named(""));
		expect(warnings()).toEqual([
			expect.objectContaining({ tidings: "handler_id_unstable", handler: id }),
		]);
	});

	test("for every function that one higher-order function returns", () => {
		const timed = (inner: () => void) =>
			function timed() {
				inner();
			};
		const [first, second, third] = [1, 2, 3].map((n) => timed(() => void n));
		handlerOf(["a"], {}, first as () => void);
		handlerOf(["b"], {}, first as () => void);
		expect(warn).not.toHaveBeenCalled();
		handlerOf(["c"], {}, second as () => void);
		handlerOf(["d"], {}, third as () => void);
		handlerOf(["e"], {}, first as () => void);
		expect(warnings().map(({ handler }) => handler)).toEqual([
			"a:timed",
			"b:timed",
			"c:timed",
			"d:timed",
			"e:timed",
		]);
	});

	test.each(["sendMail", "onOrderPlaced", "handleRefund", "runner"])(
		"but not for a function with the name %s",
		(name) => {
			handlerOf(["a"], {}, named(name));
			expect(warn).not.toHaveBeenCalled();
		},
	);

	test("but not for an id that is set", () => {
		handlerOf(["a"], { id: "mail" }, named(""));
		handlerOf(["a"], { id: "mail" }, named("handler"));
		expect(warn).not.toHaveBeenCalled();
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
