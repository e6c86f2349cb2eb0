import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RefusedError } from "../../src/event/errors.ts";
import { bodyText, byteLength, cutToBytes } from "../../src/event/json.ts";

function refusal(body: unknown): RefusedError {
	try {
		bodyText(body);
	} catch (error) {
		expect(error).toMatchObject({ name: "RefusedError", code: "invalid_body" });
		return error as RefusedError;
	}
	throw new Error("the body was accepted");
}

describe("a body as text", () => {
	test.for([null, 0, "", false, [], {}, "a\ud800b"])(
		"%j is accepted",
		(body) => {
			expect(bodyText(body)).toBe(JSON.stringify(body));
		},
	);

	test.for<[body: unknown, type: string]>([
		[undefined, "undefined"],
		[() => 1, "function"],
		[Symbol("s"), "symbol"],
	])("%s is rejected, and the error suggests null", ([body, type]) => {
		expect(refusal(body).message).toContain(`cannot represent ${type}`);
		expect(refusal(body).message).toMatch(/give null/);
	});

	test("a BigInt is rejected at any depth", () => {
		expect(refusal(1n).message).toMatch(/BigInt/);
		expect(refusal({ order: [{ total: 1n }] }).message).toMatch(/BigInt/);
	});

	test("a cycle is rejected, and the error is one line", () => {
		const order: Record<string, unknown> = {};
		order.items = [{ order }];
		expect(refusal(order).message).toMatch(
			/^body: JSON cannot represent it: .+$/,
		);
	});

	test("the result of toJSON represents an object, and its error rejects the body", () => {
		class Money {
			cents = 1_250;
			toJSON() {
				return `${this.cents / 100} EUR`;
			}
		}
		expect(bodyText({ at: new Date(0), total: new Money() })).toBe(
			'{"at":"1970-01-01T00:00:00.000Z","total":"12.5 EUR"}',
		);
		const broken = {
			toJSON() {
				throw new Error("the ledger is closed");
			},
		};
		expect(refusal([broken]).message).toMatch(/the ledger is closed/);
		refusal({ toJSON: () => undefined });
	});

	class Empty {}
	class Order {
		items = [{ sku: "s1" }];
		#secret = 1;
		*[Symbol.iterator]() {
			yield this.#secret;
		}
	}
	class Query {
		table = "t";
		// biome-ignore lint/suspicious/noThenProperty: it stands for a query builder
		then() {}
	}
	class Bag extends Map {
		total = 5;
	}
	const inherited = Object.create({ total: 5 });
	const { proxy } = Proxy.revocable(new Map(), {});

	test.for<[value: unknown, says: string]>([
		[new Map([["a", 1]]), "a Map"],
		[new Set([1]), "a Set"],
		[new WeakMap(), "a WeakMap"],
		[new Error("why"), "an Error"],
		[Object.assign(new TypeError("why"), { code: "E" }), "an Error"],
		[new Bag(), "a Map"],
		[new Response("text"), "a Response"],
		[new Headers({ a: "b" }), "a Headers"],
		[new URLSearchParams("a=b"), "a URLSearchParams"],
		[/a/, "a RegExp"],
		[new Uint8Array(2), "a Uint8Array"],
		[new ArrayBuffer(2), "an ArrayBuffer"],
		[[1].values(), "an Array Iterator"],
		[new Empty(), "an Empty"],
		[inherited, "an Object"],
		[proxy, "a Map"],
		[Promise.resolve({ orderId: "o1" }), "await"],
		[Object.assign(Promise.resolve(1), { isAwaited: false }), "await"],
		[new Query(), "await"],
		[Number.NaN, "NaN"],
		[Number.POSITIVE_INFINITY, "Infinity"],
		[JSON.parse("-1e400"), "-Infinity"],
		[new Number(Number.NaN), "NaN"],
		[new Date(Number.NaN), "an invalid Date"],
		[() => 1, "function"],
		[Symbol("s"), "symbol"],
		[Object(Symbol("s")), "a Symbol"],
		[1n, "BigInt"],
		[{ toJSON: () => undefined }, "undefined"],
		[{ toJSON: () => new Map([["a", 1]]) }, "a Map"],
		[{ toJSON: () => ({ total: Number.NaN }) }, "NaN"],
	])(
		"a value that JSON would change is rejected, with its path: %#",
		([value, says]) => {
			expect(refusal(value).message).toMatch(/^body(\.total)?: /);
			expect(refusal(value).message).toContain(says);
			expect(refusal({ order: [0, { value }] }).message).toMatch(
				/^body\.order\.1\.value(\.total)?: /,
			);
		},
	);

	test("an array with a gap or an undefined element is rejected, and an undefined member is left out", () => {
		expect(refusal([1, undefined]).message).toMatch(/^body\.1: .*null/);
		// biome-ignore lint/suspicious/noSparseArray: a gap is what it is about
		expect(refusal({ list: [1, , 2] }).message).toMatch(/^body\.list\.1: /);
		expect(bodyText({ a: undefined, b: 1 })).toBe('{"b":1}');
		expect(bodyText({ a: undefined, at: new Date(0), b: new Order() })).toBe(
			'{"at":"1970-01-01T00:00:00.000Z","b":{"items":[{"sku":"s1"}]}}',
		);
	});

	test("class instances with data, boxed values and objects of another realm are accepted", () => {
		// Its prototype is not this realm's, but has the same form.
		const foreign = Object.create(Object.create(null));
		const bare = Object.assign(Object.create(null), { a: 1 });
		for (const [body, text] of [
			[new Order(), '{"items":[{"sku":"s1"}]}'],
			[bare, '{"a":1}'],
			[{ bare: Object.create(null) }, '{"bare":{}}'],
			[{ list: [foreign, {}] }, '{"list":[{},{}]}'],
			[[new String(""), new Number(5), new Boolean(false)], '["",5,false]'],
			[new URL("https://a.test/b"), '"https://a.test/b"'],
			[{ toJSON: () => null }, "null"],
			[JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
		])
			expect(bodyText(body)).toBe(text);
	});

	test("is the text of JSON.stringify, or rejected", () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
				expect(bodyText(value)).toBe(JSON.stringify(value));
				expect(bodyText(Object.assign([], { 0: value }))).toBe(
					JSON.stringify([value]),
				);
			}),
		);
		fc.assert(
			fc.property(
				fc.anything({ withDate: true, withMap: true, withSparseArray: true }),
				(value) => {
					try {
						const text = bodyText(value);
						expect(text).toBe(JSON.stringify(value));
						const plain = JSON.parse(text);
						expect(JSON.stringify(plain)).toBe(text);
					} catch (error) {
						expect(error).toMatchObject({ code: "invalid_body" });
					}
				},
			),
		);
	});

	test("at most 990 levels of nesting are accepted, and brackets in strings are not counted", () => {
		const nested = (depth: number) =>
			JSON.parse(`${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`);
		expect(bodyText(nested(990))).toHaveLength(3_960);
		expect(refusal(nested(992)).message).toBe(
			"body: it is nested deeper than 990 levels; flatten it",
		);
		for (const depth of [10_000, 100_000]) refusal(nested(depth));
		for (const flat of [
			`${"[".repeat(5_000)}\\"[{`,
			`"${"[".repeat(5_000)}`,
			`\\${"{".repeat(5_000)}`,
		])
			expect(bodyText({ flat })).toBe(JSON.stringify({ flat }));
		refusal({ quotes: '\\"', deep: nested(990) });
	});

	test("many sibling values are not deep", () => {
		const many = Array.from({ length: 5_000 }, () => [{ items: [] }, {}]);
		expect(bodyText(many)).toBe(JSON.stringify(many));
	});
});

test("bytes are counted in UTF-8", () => {
	expect(byteLength("")).toBe(0);
	expect(byteLength("aé€😀")).toBe(1 + 2 + 3 + 4);
	expect(byteLength("\ud800")).toBe(3);
});

describe("a text cut to bytes", () => {
	const anyText = fc.string({
		unit: fc.oneof(
			fc.constantFrom("a", "é", "€", "😀", "\ud83d", '"', "\\", "\n", "\u0001"),
			fc.nat(0xffff).map((code) => String.fromCharCode(code)),
		),
		maxLength: 120,
	});
	const bytesOf = (text: string) => byteLength(JSON.stringify(text));

	test("is unchanged if it fits to the byte", () => {
		expect(cutToBytes("abc", 5)).toBe("abc");
		expect(cutToBytes("abcd", 5)).toBe("abc");
		expect(cutToBytes("", 2)).toBe("");
	});

	test("is a start of the text whose JSON fits", () => {
		fc.assert(
			fc.property(anyText, fc.integer({ min: 2, max: 200 }), (text, bytes) => {
				const cut = cutToBytes(text, bytes);
				expect(text.startsWith(cut)).toBe(true);
				expect(bytesOf(cut)).toBeLessThanOrEqual(bytes);
				if (bytesOf(text) <= bytes) expect(cut).toBe(text);
			}),
			{ numRuns: 300 },
		);
	});

	test("is the longest such start", () => {
		fc.assert(
			fc.property(anyText, fc.integer({ min: 2, max: 200 }), (text, bytes) => {
				const cut = cutToBytes(text, bytes);
				const [next = ""] = text.slice(cut.length);
				if (next) expect(bytesOf(cut + next)).toBeGreaterThan(bytes);
			}),
			{ numRuns: 300 },
		);
	});
});
