import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	checkPayload,
	checkSchema,
} from "../../../src/apps/schema/payload-schema.ts";
import type { Issue } from "../../../src/event/errors.ts";

const NAME = "@my-org/email/new_email";
const schema = {
	type: "object",
	properties: {
		from: { type: "string" },
		subject: { type: "string" },
		snippet: { type: "string" },
		messageId: { type: "string" },
	},
	required: ["from", "subject", "messageId"],
};
const mail = { from: "a@x.org", subject: "Hello", messageId: "m1" };

/** Empty if the payload is accepted. */
function issuesOf(schema: object, payload: unknown): Issue[] {
	try {
		checkPayload(NAME, schema, payload);
	} catch (error) {
		expect(error).toMatchObject({
			name: "RefusedError",
			code: "schema_violation",
			message: expect.stringContaining(
				`payload: it does not match the schema of "${NAME}": `,
			),
		});
		const { issues } = error as { issues: Issue[] };
		expect(issues).not.toEqual([]);
		return issues;
	}
	return [];
}

/**
 * A schema that applies each of 40 definitions to a value twice as often as the one before.
 *
 * @param isDeep whether each one is applied to the items of the value, and not to the value itself
 */
function doubling(isDeep: boolean): object {
	const refs = (n: number) => {
		const one = { $ref: `#/$defs/d${n + 1}` };
		return isDeep ? { items: { allOf: [one, one] } } : { allOf: [one, one] };
	};
	const $defs = Object.fromEntries(
		Array.from({ length: 40 }, (_, n) => [`d${n}`, refs(n)]),
	);
	return { $defs: { ...$defs, d40: {} }, $ref: "#/$defs/d0" };
}

describe("a payload", () => {
	test("that matches the schema is accepted, with additional properties", () => {
		expect(issuesOf(schema, mail)).toEqual([]);
		expect(issuesOf(schema, { ...mail, snippet: "Hi", more: 1 })).toEqual([]);
	});

	test("is rejected with all issues, each with its path", () => {
		const wrong = { from: 5, subject: "Hello", snippet: null };
		expect(() => checkPayload(NAME, schema, wrong)).toThrow(
			expect.objectContaining({
				name: "RefusedError",
				code: "schema_violation",
				message: `payload: it does not match the schema of "${NAME}": messageId: Instance does not have required property "messageId".; from: Instance type "number" is invalid. Expected "string".; snippet: Instance type "null" is invalid. Expected "string".`,
				issues: [
					{
						path: "messageId",
						message: 'Instance does not have required property "messageId".',
					},
					{
						path: "from",
						message: 'Instance type "number" is invalid. Expected "string".',
					},
					{
						path: "snippet",
						message: 'Instance type "null" is invalid. Expected "string".',
					},
				],
			}),
		);
	});

	test.for<[what: string, schema: object, payload: unknown, path: string]>([
		[
			"of a property that is missing in a list",
			{ properties: { items: { items: { required: ['a "b".'] } } } },
			{ items: [{ 'a "b".': 1 }, {}] },
			'items.1.a "b".',
		],
		[
			"of a property that is missing next to another",
			{ properties: { to: { dependentRequired: { city: ["zip"] } } } },
			{ to: { city: "Utrecht" } },
			"to.zip",
		],
		[
			"in a list",
			{
				properties: { items: { items: { properties: { n: { minimum: 1 } } } } },
			},
			{ items: [{ n: 1 }, { n: 0 }] },
			"items.1.n",
		],
		[
			"under a key that a pointer must escape",
			{ properties: { "a/b~c d#é%": { type: "number" } } },
			{ "a/b~c d#é%": "x" },
			"a/b~c d#é%",
		],
		[
			"under a reference",
			{ $defs: { id: { minLength: 2 } }, items: { $ref: "#/$defs/id" } },
			["ab", "a"],
			"1",
		],
		[
			"under a pattern",
			{ patternProperties: { a: { minimum: 1 } } },
			{ ab: 0 },
			"ab",
		],
		[
			"under an additional property",
			{ additionalProperties: { minimum: 1 } },
			{ x: 0 },
			"x",
		],
		[
			"under an unevaluated property",
			{ unevaluatedProperties: { minimum: 1 } },
			{ x: 0 },
			"x",
		],
		[
			"because of another property",
			{ dependentSchemas: { a: { minProperties: 2 } } },
			{ a: 1 },
			"",
		],
		["at a position in a list", { prefixItems: [{ minimum: 1 }] }, [0], "0"],
		[
			"after these positions",
			{ items: [true], additionalItems: { minimum: 1 } },
			[0, 0],
			"1",
		],
		[
			"at an unevaluated position",
			{ unevaluatedItems: { minimum: 1 } },
			[0],
			"0",
		],
		[
			"as a property that is not allowed",
			{ additionalProperties: false },
			{ extra: 1 },
			"",
		],
		["in a list of schemas", { allOf: [{ minimum: 3 }] }, 2, ""],
		["as a whole", { type: "object" }, null, ""],
	])(
		"is rejected with one issue for a wrong value %s",
		([, schema, payload, path]) => {
			const issues = issuesOf(schema, payload);
			expect(issues.map((issue) => issue.path)).toEqual([path]);
			expect(issues[0]?.message).not.toMatch(/subschema|False boolean/);
		},
	);

	test("that matches two schemas of oneOf is rejected with their number", () => {
		const choice = {
			oneOf: [{ type: "number" }, { minimum: 1 }, { const: 1 }],
		};
		expect(issuesOf(choice, 2)).toContainEqual({
			path: "",
			message: "Instance does not match exactly one subschema (2 matches).",
		});
	});

	test("with a property that is not allowed is rejected with its name", () => {
		const closed = { properties: { a: {} }, additionalProperties: false };
		expect(issuesOf(closed, { a: 1, extra: false })).toEqual([
			{
				path: "",
				message:
					'Property "extra" does not match additional properties schema.',
			},
		]);
	});

	test.for([
		[{ type: "integer" }, 1, 1.5],
		[{ type: ["string", "null"] }, null, 0],
		[{ enum: ["a", { b: [1] }] }, { b: [1] }, { b: [2] }],
		[{ const: 0 }, 0, false],
		[{ format: "email" }, "a@x.org", "a"],
		[{ pattern: "^\\p{Lu}$" }, "Ä", "ä"],
		[{ maxLength: 1 }, "😀", "ab"],
		[{ uniqueItems: true }, [1, "1"], [1, 1]],
		[{ required: ["constructor"] }, { constructor: 1 }, {}],
		[{ prefixItems: [{ type: "string" }], items: false }, ["a"], ["a", 1]],
		[{ dependentRequired: { a: ["b"] } }, { b: 1 }, { a: 1 }],
		[{ $schema: "http://json-schema.org/draft-07/schema#", minimum: 1 }, 1, 0],
	] as const)(
		"of the schema %j is accepted if it is %j, and rejected if it is %j",
		([schema, good, bad]) => {
			expect(() => checkSchema(schema)).not.toThrow();
			expect(issuesOf(schema, good)).toEqual([]);
			expect(issuesOf(schema, bad)).not.toEqual([]);
		},
	);

	test("with two properties that are not allowed is rejected with both names", () => {
		const closed = {
			properties: { additionalProperties: { properties: { x: false } } },
			additionalProperties: false,
		};
		const payload = { extra: 1, additionalProperties: { x: 1 } };
		expect(issuesOf(closed, payload).map(({ message }) => message)).toEqual([
			'Property "x" does not match schema.',
			'Property "extra" does not match additional properties schema.',
		]);
	});

	test("is checked by the draft that the schema names, or by 2020-12", () => {
		const beside = { $defs: { any: true }, $ref: "#/$defs/any", minimum: 1 };
		expect(issuesOf(beside, 0)).toHaveLength(1);
		const $schema = "http://json-schema.org/draft-07/schema#";
		expect(issuesOf({ $schema, ...beside }, 0)).toEqual([]);
	});

	test("that cannot be checked is rejected", () => {
		const list = { items: { $ref: "#" } };
		let deep: unknown = [];
		for (let depth = 0; depth < 100_000; depth++) deep = [deep];
		expect(issuesOf(list, deep)).toEqual([
			{
				path: "",
				message: expect.stringMatching(/^the value cannot be checked: /),
			},
		]);
		const named = { additionalProperties: { type: "string" } };
		expect(issuesOf(named, { "\ud800": 1 })).toHaveLength(1);
	});

	test("with 100 levels is checked at all levels", () => {
		const tree = {
			properties: { next: { $ref: "#" }, end: { type: "boolean" } },
		};
		let deep: unknown = { end: "no" };
		for (let depth = 0; depth < 100; depth++) deep = { next: deep };
		expect(issuesOf(tree, deep)).toHaveLength(1);
		expect(issuesOf(tree, deep)[0]?.path).toMatch(/^(next\.){100}end$/);
	});

	test("with 20 000 issues is rejected with the first hundred", () => {
		const list = { items: { type: "string" } };
		expect(issuesOf(list, Array(20_000).fill(1))).toHaveLength(100);
	});

	test("is not retried by a handler that does not catch the error", () => {
		expect(() => checkPayload(NAME, { type: "string" }, 1)).toThrow(
			expect.objectContaining({ tidings: "non_retryable" }),
		);
	});

	test.for<[string, object, unknown, string]>([
		[
			"a text that is too long for its pattern",
			{ pattern: "^[^@]+@[^@]+\\.x$" },
			`a@${".".repeat(100_000)}`,
			"String is too long",
		],
		[
			"a text that is too long for its format",
			{ format: "uri-reference" },
			"a/".repeat(100_000),
			"String is too long",
		],
		[
			"a long list with unique items",
			{ uniqueItems: true },
			Array.from({ length: 40_000 }, (_, n) => n),
			"Array has too many items",
		],
		[
			"references to references",
			doubling(true),
			JSON.parse("[".repeat(41) + "]".repeat(41)),
			"the value cannot be checked: it takes more than 250000 steps",
		],
		[
			"a long list for many required names",
			{ items: { required: Array.from({ length: 5_000 }, (_, n) => `${n}`) } },
			Array.from({ length: 50_000 }, () => ({})),
			"the value cannot be checked: it takes more than 250000 steps",
		],
	])("with %s is rejected at once", ([, schema, payload, message]) => {
		checkSchema(schema);
		const start = performance.now();
		expect(issuesOf(schema, payload)[0]?.message).toContain(message);
		expect(performance.now() - start).toBeLessThan(2_000);
	});

	test("that is as large as an event can be is checked in time", () => {
		const row = { id: 1, name: "a", at: "2027-01-01T00:00:00Z" };
		const rows = Array(4_000).fill(row);
		const schema = {
			items: {
				properties: {
					id: { type: "integer" },
					name: { type: "string", pattern: "^[a-z]+$" },
					at: { type: "string", format: "date-time" },
				},
				required: ["id", "name", "at"],
			},
		};
		const start = performance.now();
		expect(issuesOf(schema, rows)).toEqual([]);
		expect(performance.now() - start).toBeLessThan(2_000);
	});

	test("is not changed, and neither is its schema", () => {
		const part = Object.freeze({ type: "string", $ref: "#/$defs/any" });
		const frozen = Object.freeze({
			$defs: Object.freeze({ any: true }),
			properties: Object.freeze({ a: part, b: part }),
		});
		const before = JSON.stringify(frozen);
		expect(issuesOf(frozen, Object.freeze({ a: "a", b: "b" }))).toEqual([]);
		expect(issuesOf(frozen, { a: "a", b: 1 })).toHaveLength(1);
		expect(JSON.stringify(frozen)).toBe(before);
	});

	test("is accepted exactly if it has all required properties", () => {
		fc.assert(
			fc.property(
				fc.record(
					{
						from: fc.string(),
						subject: fc.string(),
						messageId: fc.string(),
						snippet: fc.string(),
					},
					{ requiredKeys: [] },
				),
				(payload) => {
					const missing = schema.required.filter((name) => !(name in payload));
					expect(issuesOf(schema, payload).map(({ path }) => path)).toEqual(
						missing,
					);
				},
			),
		);
	});
});

describe("a schema", () => {
	test.for<object>([
		{},
		JSON.parse('{"if":{"type":"string"},"then":{"minLength":1}}'),
		schema,
		{ "x-order": 1, description: "unknown keywords are annotations" },
		{
			default: { type: "nonsense" },
			examples: [{ type: 5 }],
			const: { $ref: 5 },
		},
		{ properties: { type: { type: "string" }, $ref: { type: "string" } } },
		{
			$defs: { tree: { items: { $ref: "#/$defs/tree" } } },
			$ref: "#/$defs/tree",
		},
		{ $defs: { a: { $anchor: "here" } }, items: { $ref: "#here" } },
		{
			$id: "https://x.org/a",
			items: { $ref: "a#/$defs/b" },
			$defs: { b: true },
		},
		{ items: [{ type: "string" }], additionalItems: false },
		{ dependencies: { a: ["b"], c: { required: ["d"] } } },
		{ if: { type: "string" }, else: false },
		{ $schema: "https://json-schema.org/draft/2020-12/schema" },
	])("%j is valid", (schema) => {
		expect(() => checkSchema(schema)).not.toThrow();
	});

	test.for<[schema: unknown, why: string]>([
		[undefined, "expected a JSON Schema, which is an object, got undefined"],
		[null, "expected a JSON Schema, which is an object, got null"],
		[true, "expected a JSON Schema, which is an object, got true"],
		["object", 'expected a JSON Schema, which is an object, got "object"'],
		[[], "expected a JSON Schema, which is an object, got []"],
		[
			{ type: "strin" },
			"invalid JSON Schema: type: Instance does not match any of",
		],
		[{ type: 5 }, "invalid JSON Schema: type: "],
		[{ type: [] }, "invalid JSON Schema: type: "],
		[{ type: ["string", "text"] }, "invalid JSON Schema: type.1: "],
		[{ type: { type: "string" } }, "invalid JSON Schema: type: "],
		[{ properties: [] }, "invalid JSON Schema: properties: "],
		[{ properties: { a: "string" } }, "invalid JSON Schema: properties.a: "],
		[
			{ properties: { a: { items: { type: "any" } } } },
			"invalid JSON Schema: properties.a.items.type: ",
		],
		[{ $defs: { a: { type: "any" } } }, "invalid JSON Schema: $defs.a.type: "],
		[{ anyOf: { type: "string" } }, "invalid JSON Schema: anyOf: "],
		[{ anyOf: [] }, "invalid JSON Schema: anyOf: "],
		[{ oneOf: [{ not: 5 }] }, "invalid JSON Schema: oneOf.0.not: "],
		[{ required: "from" }, "invalid JSON Schema: required: "],
		[{ required: true }, "invalid JSON Schema: required: "],
		[{ required: [5] }, "invalid JSON Schema: required.0: "],
		[{ enum: "a" }, "invalid JSON Schema: enum: "],
		[{ minLength: -1 }, "invalid JSON Schema: minLength: "],
		[{ maximum: "5" }, "invalid JSON Schema: maximum: "],
		[{ exclusiveMinimum: true }, "invalid JSON Schema: exclusiveMinimum: "],
		[{ multipleOf: 0 }, "invalid JSON Schema: multipleOf: "],
		[{ uniqueItems: "yes" }, "invalid JSON Schema: uniqueItems: "],
		[{ pattern: "(" }, "invalid JSON Schema: pattern: "],
		[
			{ properties: { a: { pattern: "^(a+)+$" } } },
			'invalid JSON Schema: properties.a: pattern: "^(a+)+$" takes too many steps; do not repeat a group',
		],
		[{ pattern: "a".repeat(501) }, "invalid JSON Schema: pattern: "],
		[
			{ patternProperties: { "a+b": {} } },
			'invalid JSON Schema: (schema): patternProperties: "a+b" takes too many steps with long keys',
		],
		[{ format: "url" }, 'format: "url" takes too many steps; use "uri"'],
		[
			{ enum: Array(20_000).fill("four") },
			"invalid JSON Schema: it has 140010 characters; use at most 65536",
		],
		[
			doubling(false),
			"it takes more than 250000 steps; use a smaller value or schema",
		],
		[
			{ patternProperties: { "(": {} } },
			"invalid JSON Schema: patternProperties.(: ",
		],
		[{ if: 5 }, "invalid JSON Schema: if: "],
		[{ else: 5 }, "invalid JSON Schema: else: "],
		[{ dependencies: { a: 5 } }, "invalid JSON Schema: dependencies.a: "],
		[
			{ $dynamicRef: "#a" },
			'invalid JSON Schema: (schema): Property "$dynamicRef"',
		],
		[
			{ $schema: "http://json-schema.org/draft-04/schema#" },
			"invalid JSON Schema: $schema: ",
		],
		[
			{ items: { $ref: "#/$defs/nowhere" } },
			'invalid JSON Schema: items: Unresolved $ref "#/$defs/nowhere".',
		],
		[
			{ $ref: "https://x.org/other.json" },
			'invalid JSON Schema: (schema): Unresolved $ref "https://x.org/other.json".',
		],
		[
			{ properties: { a: { $ref: "#/properties/a" } } },
			"invalid JSON Schema: properties.a: the reference leads back to itself",
		],
		[{ allOf: [{ $ref: "#" }] }, "the reference leads back to itself"],
		[
			{ allOf: [{ type: "string" }, { $ref: "#" }] },
			"the reference leads back to itself",
		],
		[{ $id: "http://[" }, "invalid JSON Schema: (schema): Invalid URL"],
		[
			{ properties: { a: { items: 5 } }, required: [5] },
			"invalid JSON Schema: required.0: ",
		],
	])("%j is rejected: %s", ([schema, why]) => {
		expect(() => checkSchema(schema)).toThrow(
			expect.objectContaining({
				name: "TypeError",
				message: expect.stringContaining(why),
			}),
		);
	});
});
