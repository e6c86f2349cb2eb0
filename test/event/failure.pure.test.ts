import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Failure, serializeError } from "../../src/event/failure.ts";
import { byteLength } from "../../src/event/json.ts";

const bytesOf = (failure: Failure) => byteLength(JSON.stringify(failure));

const hostile = {
	get name(): string {
		throw new Error("no name");
	},
	get message(): string {
		throw new Error("no message");
	},
	get stack(): string {
		throw new Error("no stack");
	},
};

const closed = new Proxy(
	{},
	{
		get() {
			throw new Error("closed");
		},
		ownKeys() {
			throw new Error("closed");
		},
		getPrototypeOf() {
			throw new Error("closed");
		},
	},
);

function revoked(): unknown {
	const { proxy, revoke } = Proxy.revocable({}, {});
	revoke();
	return proxy;
}

test("an Error is serialized with its name, message and stack", () => {
	class LedgerError extends TypeError {
		override readonly name = "LedgerError";
	}
	const error = new LedgerError("closed");
	expect(serializeError(error)).toEqual({
		name: "LedgerError",
		message: "closed",
		stack: error.stack,
	});
	expect(
		serializeError(new DOMException("late", "TimeoutError")),
	).toMatchObject({
		name: "TimeoutError",
		message: "late",
	});
});

test.for<[thrown: unknown, failure: Failure]>([
	["closed", { name: "string", message: "closed" }],
	["", { name: "string", message: "" }],
	[null, { name: "null", message: "null" }],
	[undefined, { name: "undefined", message: "undefined" }],
	[404, { name: "number", message: "404" }],
	[Symbol("s"), { name: "symbol", message: "Symbol(s)" }],
	[
		function boom() {},
		{ name: "function", message: expect.stringContaining("boom") },
	],
	[{ status: 404 }, { name: "object", message: '{"status":404}' }],
	[
		{ name: 5, message: "kept", stack: null },
		{ name: "object", message: "kept" },
	],
])(
	"a thrown value that is not an Error is serialized: %#",
	([thrown, failure]) => {
		expect(serializeError(thrown)).toEqual(failure);
	},
);

test("a value that cannot be read is serialized as unreadable", () => {
	for (const thrown of [closed, revoked(), hostile])
		expect(serializeError(thrown)).toEqual({
			name: "object",
			message: "a value that cannot be shown",
		});
});

test("serializing never throws, and always gives a name and a message", () => {
	const anything = fc.anything({
		withBigInt: true,
		withDate: true,
		withMap: true,
		withNullPrototype: true,
		withObjectString: true,
		withSparseArray: true,
		withTypedArray: true,
	});
	fc.assert(
		fc.property(
			fc.oneof(
				anything,
				fc.record({ name: anything, message: anything, stack: anything }),
				fc.record({ cause: anything, errors: anything }),
			),
			(thrown) => {
				expect(serializeError(thrown)).toMatchObject({
					name: expect.any(String),
					message: expect.any(String),
				});
				expect(bytesOf(serializeError(thrown))).toBeLessThanOrEqual(8_192);
			},
		),
	);
});

test("the JSON of a failure is at most 8 192 bytes", () => {
	const unit = fc.constantFrom(
		"a",
		"é",
		"€",
		"😀",
		"\ud83d",
		'"',
		"\\",
		"\u0001",
	);
	const long = fc
		.tuple(
			fc.string({ unit, minLength: 1, maxLength: 5 }),
			fc.nat(20_000),
			fc.string({ unit, maxLength: 50 }),
		)
		.map(([repeated, times, end]) => repeated.repeat(times) + end);
	const issue = fc.record({ path: long, message: long });
	fc.assert(
		fc.property(
			fc.letrec((tie) => ({
				error: fc.record(
					{
						name: long,
						message: long,
						stack: long,
						cause: fc.option(tie("error"), { maxDepth: 6 }),
						errors: fc.option(fc.array(tie("error"), { maxLength: 12 }), {
							maxDepth: 3,
						}),
					},
					{ requiredKeys: ["name", "message", "stack"] },
				),
			})).error as fc.Arbitrary<{ message: string }>,
			fc.option(fc.array(issue, { maxLength: 20 }), { nil: undefined }),
			(thrown, issues) => {
				const failure = serializeError(thrown, issues);
				expect(bytesOf(failure)).toBeLessThanOrEqual(8_192);
				expect(thrown.message.startsWith(failure.message)).toBe(true);
			},
		),
		{ numRuns: 60 },
	);
});

test("a long error has its whole message and most of its stack", () => {
	const error = new Error("m".repeat(2_000));
	error.stack = "s".repeat(10_000);
	const { message, stack } = serializeError(error);
	expect(message).toBe(error.message);
	expect(stack?.length).toBeGreaterThan(3_000);
});

describe("the causes of an error", () => {
	const chain = (length: number, message = "m"): Error =>
		new Error(
			`${message} ${length}`,
			length > 0 ? { cause: chain(length - 1, message) } : {},
		);
	const lengthOf = ({ cause }: Failure): number =>
		cause === undefined ? 0 : 1 + lengthOf(cause);

	test("are serialized, each with its name, message and stack", () => {
		const ledger = new TypeError("the ledger is closed");
		const charge = new Error("the charge failed", { cause: ledger });
		expect(serializeError(new Error("no receipt", { cause: charge }))).toEqual({
			name: "Error",
			message: "no receipt",
			stack: expect.any(String),
			cause: {
				name: "Error",
				message: "the charge failed",
				stack: charge.stack,
				cause: {
					name: "TypeError",
					message: "the ledger is closed",
					stack: ledger.stack,
				},
			},
		});
	});

	test("may be values that are not errors", () => {
		for (const [cause, failure] of [
			["closed", { name: "string", message: "closed" }],
			[null, { name: "null", message: "null" }],
			[{ status: 404 }, { name: "object", message: '{"status":404}' }],
		])
			expect(serializeError(new Error("e", { cause })).cause).toEqual(failure);
		expect(serializeError(new Error("e"))).not.toHaveProperty("cause");
		expect(
			serializeError(new Error("e", { cause: undefined })),
		).not.toHaveProperty("cause");
	});

	test("are bounded, and a cycle ends", () => {
		expect(lengthOf(serializeError(chain(3)))).toBe(3);
		expect(lengthOf(serializeError(chain(200)))).toBe(9);
		const long = serializeError(chain(200, "m".repeat(5_000)));
		expect(lengthOf(long)).toBeGreaterThan(1);
		expect(bytesOf(long)).toBeLessThanOrEqual(8_192);
		const error = new Error("outer");
		error.cause = new Error("inner", { cause: error });
		expect(lengthOf(serializeError(error))).toBe(1);
	});

	test("with the members of an AggregateError are serialized, up to ten", () => {
		const members = [new TypeError("a"), "b", new Error("c", { cause: "d" })];
		const error = new AggregateError(members, "all failed", { cause: "e" });
		expect(serializeError(error)).toMatchObject({
			name: "AggregateError",
			message: "all failed",
			cause: { message: "e" },
			errors: [
				{ name: "TypeError", message: "a" },
				{ name: "string", message: "b" },
				{ message: "c", cause: { message: "d" } },
			],
		});
		const many = new AggregateError(
			Array.from({ length: 500 }, () => new Error("m".repeat(500))),
		);
		expect(serializeError(many).errors).toHaveLength(10);
		expect(bytesOf(serializeError(many))).toBeLessThanOrEqual(8_192);
	});

	test("survive a second serialization, in another Worker and in the log", () => {
		for (const error of [
			chain(3),
			chain(50, "m".repeat(900)),
			new AggregateError([chain(2), chain(20, "n".repeat(3_000))], "all"),
		]) {
			const failure = serializeError(error);
			const crossed = JSON.parse(JSON.stringify(failure));
			expect(serializeError(crossed)).toEqual(failure);
		}
	});
});

describe("an unusual thrown value", () => {
	class Problem {
		status = 404;
		errors = "not a list";
	}
	const cycle: Record<string, unknown> = { id: "o1" };
	cycle.self = cycle;

	test.for<[thrown: unknown, name: string, says: string[]]>([
		[new Problem(), "Problem", ['"status":404']],
		[{ total: 5n }, "object", ['"total":"5n"']],
		[cycle, "object", ['"id":"o1"', "circular"]],
		[new Map([["a", 1]]), "Map", ['["a",1]']],
		[new Set(["a"]), "Set", ['["a"]']],
		[[1, undefined], "Array", ["[1,null]"]],
		[
			new Response("no", { status: 404, statusText: "Not Found" }),
			"Response",
			["404", "Not Found"],
		],
		[Promise.resolve(), "Promise", ["[object Promise]"]],
		[{ log() {}, id: 1 }, "object", ['"id":1', '"log":']],
		[{ reason: new Error("closed") }, "object", ["Error: closed"]],
		[Object.assign(new Error("e"), { name: 5 }), "Error", ["e"]],
		[Object.create(null), "object", ["{}"]],
		[{ constructor: { name: 5 }, total: Number.NaN }, "object", ["NaN"]],
	])("is described as far as possible: %#", ([thrown, name, says]) => {
		const failure = serializeError(thrown);
		expect(failure.name).toBe(name);
		for (const text of says) expect(failure.message).toContain(text);
	});
});

test("a failure has the first ten issues", () => {
	const issues = Array.from({ length: 12 }, (_, index) => ({
		path: `items.${index}.price`,
		message: "expected number",
	}));
	expect(serializeError(new Error("e"), issues).issues).toEqual(
		issues.slice(0, 10),
	);
	expect(serializeError(new Error("e"))).not.toHaveProperty("issues");
});
