import fc from "fast-check";
import { expect, test } from "vitest";
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
			fc.record({ name: long, message: long, stack: long }),
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
