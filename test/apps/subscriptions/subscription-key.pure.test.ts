import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	filterOf,
	keyFields,
	keyOf,
} from "../../../src/apps/subscriptions/subscription-key.ts";

const AUTH = "@my-org/auth";
const ACCOUNT = { [AUTH]: { account: ["accountId", "email"] } };
const fields = keyFields(ACCOUNT);

const token = (account: unknown, issuer = AUTH) =>
	new Map([[issuer, { account } as Record<string, unknown>]]);
const invalidToken = (message: string) =>
	expect.objectContaining({
		name: "RefusedError",
		code: "invalid_token",
		message: expect.stringContaining(message),
	});
const invalidFilter = (message: string) =>
	expect.objectContaining({
		name: "RefusedError",
		code: "invalid_request",
		message: expect.stringContaining(message),
	});

describe("the fields of a key", () => {
	const names = (tokens: Parameters<typeof keyFields>[0]) =>
		keyFields(tokens).map(({ name }) => name);

	test("are the ones that the event declares, in its order", () => {
		expect(fields).toEqual([
			{ name: "accountId", issuer: AUTH, type: "account", field: "accountId" },
			{ name: "email", issuer: AUTH, type: "account", field: "email" },
		]);
		expect(names({ [AUTH]: { account: ["b", "a"] } })).toEqual(["b", "a"]);
	});

	test("of a public event are an empty list", () => {
		expect(keyFields({})).toEqual([]);
	});

	test("begin with the token type only if two token types have the field", () => {
		expect(
			names({
				[AUTH]: { account: ["id", "email"] },
				"@my-org/mail": { mailbox: ["email", "folder"] },
			}),
		).toEqual(["id", "account.email", "mailbox.email", "folder"]);
	});

	test.for([
		[
			{ [AUTH]: { account: ["email"] }, "@b/auth": { account: ["email"] } },
			`"account.email" is a field of @my-org/auth's "account" and of @b/auth's "account"`,
		],
		[
			{ [AUTH]: { a: ["b", "c.b"], c: ["b"] } },
			`"c.b" is a field of @my-org/auth's "a" and of @my-org/auth's "c"`,
		],
	] as const)("with equal names are rejected", ([tokens, why]) => {
		expect(() => keyFields(tokens)).toThrow(
			expect.objectContaining({
				name: "TypeError",
				message: expect.stringContaining(why),
			}),
		);
	});
});

describe("the key of a subscriber", () => {
	test("has the values of the declared fields only", () => {
		const account = { name: "Ada", email: "ada@x.org", accountId: 5 };
		expect(keyOf(fields, token(account))).toEqual([
			["accountId", 5],
			["email", "ada@x.org"],
		]);
	});

	test("is empty for a public event, with any tokens", () => {
		expect(keyOf([], new Map())).toEqual([]);
		expect(keyOf([], token({ email: "a" }))).toEqual([]);
	});

	test("combines the tokens of all declared issuers", () => {
		const two = keyFields({
			[AUTH]: { account: ["email"] },
			"@my-org/mail": { mailbox: ["email"] },
		});
		const claims = new Map([
			...token({ email: "a" }),
			["@my-org/mail", { mailbox: { email: "b" } }],
		]);
		expect(keyOf(two, claims)).toEqual([
			["account.email", "a"],
			["mailbox.email", "b"],
		]);
		expect(() => keyOf(two, token({ email: "a" }))).toThrow(
			invalidToken("there is no token of @my-org/mail"),
		);
	});

	test("never uses another issuer's token", () => {
		const claims = token({ accountId: "1", email: "a" }, "@evil/auth");
		expect(() => keyOf(fields, claims)).toThrow(
			invalidToken(
				'there is no token of @my-org/auth; send one with the claim "account"',
			),
		);
	});

	test.for([
		[undefined, "missing"],
		[null, "null"],
		["a@x.org", "a string"],
		[5, "a number"],
		[["a"], "an array"],
	])("is rejected if the claim is %j", ([account, kind]) => {
		expect(() => keyOf(fields, token(account))).toThrow(
			invalidToken(`the claim "account" is ${kind}`),
		);
	});

	test.for([
		[undefined, "missing"],
		[null, "null"],
		["", '""'],
		[{ at: "x" }, "an object"],
		[["a"], "an array"],
		[Number.POSITIVE_INFINITY, "a number that is not exact"],
		[Number.NaN, "a number that is not exact"],
		// 2^53 + 1 is parsed as 2^53.
		[2 ** 53, "a number that is not exact"],
		[-(2 ** 53), "a number that is not exact"],
	])("is rejected if a field is %j", ([email, kind]) => {
		expect(() => keyOf(fields, token({ accountId: 1, email }))).toThrow(
			invalidToken(`"email" in the claim "account" is ${kind}`),
		);
	});

	test.for([0, -5, 1.5, 2 ** 53 - 1, true, false, " ", "A"])(
		"may have the value %j",
		(email) => {
			const key = keyOf(fields, token({ accountId: 1, email }));
			expect(key.at(-1)).toEqual(["email", email]);
		},
	);

	test("ignores inherited properties of a claim", () => {
		const inherited = keyFields({ [AUTH]: { account: ["constructor"] } });
		expect(() => keyOf(inherited, token({}))).toThrow(invalidToken("missing"));
		const claim = keyFields({ [AUTH]: { toString: ["a"] } });
		expect(() => keyOf(claim, token({}))).toThrow(invalidToken("missing"));
	});

	test("never appears in an error", () => {
		const secret = { accountId: { ssn: "078-05-1120" }, email: "a@x.org" };
		expect(() => keyOf(fields, token(secret))).toThrow(
			expect.objectContaining({
				message: expect.not.stringMatching(/078|a@x/),
			}),
		);
	});
});

const value = fc.oneof(
	fc.string({ minLength: 1, unit: "binary" }),
	fc.constantFrom("1", "true", "a,b", '"]', "A", "a", "null"),
	fc.maxSafeInteger(),
	fc.constantFrom(1, 0),
	fc.boolean(),
);

describe("two keys", () => {
	const textOf = (fields: ReturnType<typeof keyFields>, account: object) =>
		JSON.stringify(keyOf(fields, token(account)));

	test.for<[one: object, other: object]>([
		[
			{ accountId: "a,b", email: "c" },
			{ accountId: "a", email: "b,c" },
		],
		[
			{ accountId: 1, email: "c" },
			{ accountId: "1", email: "c" },
		],
		[
			{ accountId: true, email: "c" },
			{ accountId: "true", email: "c" },
		],
		[
			{ accountId: "A", email: "c" },
			{ accountId: "a", email: "c" },
		],
		[
			{ accountId: "\u00e9", email: "c" },
			{ accountId: "e\u0301", email: "c" },
		],
		[
			{ accountId: "\ud800", email: "c" },
			{ accountId: "\ud801", email: "c" },
		],
	])("of %j and %j differ as text", ([one, other]) => {
		expect(textOf(fields, one)).not.toBe(textOf(fields, other));
	});

	test("have the same text exactly if their values are equal, by case and type", () => {
		fc.assert(
			fc.property(value, value, value, value, (a, b, c, d) => {
				const one = textOf(fields, { accountId: a, email: b });
				const other = textOf(fields, { accountId: c, email: d });
				expect(one === other).toBe(a === c && b === d);
				expect(textOf(fields, { email: b, accountId: a })).toBe(one);
			}),
		);
	});

	test("differ if the names of their fields differ", () => {
		fc.assert(
			fc.property(value, (email) => {
				const other = keyFields({ [AUTH]: { account: ["mail"] } });
				expect(textOf(other, { mail: email })).not.toBe(
					textOf(fields.slice(1), { email }),
				);
			}),
		);
	});
});

describe("the subscribers of a send", () => {
	test("are all subscribers only if toSubscribers is undefined", () => {
		expect(filterOf(fields, undefined)).toEqual([]);
		expect(filterOf([], undefined)).toEqual([]);
	});

	test("are selected by any of the fields, in the order of the key", () => {
		expect(filterOf(fields, { email: "a" })).toEqual([["email", "a"]]);
		expect(filterOf(fields, { email: "a", accountId: 0 })).toEqual([
			["accountId", 0],
			["email", "a"],
		]);
		expect(filterOf(fields, { accountId: false })).toEqual([
			["accountId", false],
		]);
	});

	test.for([
		[null, "expected an object, got null; leave it out to send to every"],
		["a@x.org", "expected an object, got a string"],
		[["a@x.org"], "expected an object, got an array"],
		[{}, "there is no field; leave it out to send to every subscriber"],
		[{ emial: "a" }, 'unknown field "emial"; use accountId, email'],
		[{ email: "a", mail: "a" }, 'unknown field "mail"; use accountId, email'],
		[{ constructor: "a" }, 'unknown field "constructor"'],
		[{ "account.email": "a" }, 'unknown field "account.email"'],
		[{ Email: "a" }, 'unknown field "Email"'],
		[{ email: undefined }, '"email" is missing; use a string'],
		[{ email: null }, '"email" is null'],
		[{ email: "" }, '"email" is ""'],
		[{ email: ["a"] }, '"email" is an array'],
		[{ email: { in: ["a"] } }, '"email" is an object'],
		[{ email: Number.NaN }, '"email" is a number that is not exact'],
		[{ email: 2 ** 53 }, '"email" is a number that is not exact'],
		[{ email: 5n }, '"email" is a bigint'],
		[{ accountId: 1, email: undefined }, '"email" is missing'],
	] as const)("cannot be selected by %o", ([toSubscribers, why]) => {
		expect(() => filterOf(fields, toSubscribers)).toThrow(
			invalidFilter(`toSubscribers: ${why}`),
		);
	});

	test("of a public event cannot be selected by a field", () => {
		expect(() => filterOf([], { email: "a" })).toThrow(
			invalidFilter(
				'unknown field "email"; this event has no fields; leave it out',
			),
		);
	});

	test("are those with these values in their key, for any key", () => {
		fc.assert(
			fc.property(value, value, (accountId, email) => {
				const key = keyOf(fields, token({ accountId, email }));
				expect(filterOf(fields, { accountId, email })).toEqual(key);
				expect(filterOf(fields, { email })).toEqual(key.slice(1));
			}),
		);
	});
});
