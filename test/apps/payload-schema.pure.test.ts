import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { checkPayload, checkSchema } from "../../src/apps/payload-schema.ts";
import type { Issue } from "../../src/event/errors.ts";

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

/** Empty where it passes. */
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

describe("a payload", () => {
	test("that keeps to the schema passes, with what the schema does not name", () => {
		expect(issuesOf(schema, mail)).toEqual([]);
		expect(issuesOf(schema, { ...mail, snippet: "Hi", more: 1 })).toEqual([]);
	});

	test("is refused with every issue, each with its path", () => {
		const wrong = { from: 5, subject: "Hello", snippet: null };
		expect(() => checkPayload(NAME, schema, wrong)).toThrow(
			expect.objectContaining({
				name: "RefusedError",
				code: "schema_violation",
				message: `payload: it does not match the schema of "${NAME}": (payload): Instance does not have required property "messageId".; from: Instance type "number" is invalid. Expected "string".; snippet: Instance type "null" is invalid. Expected "string".`,
				issues: [
					{
						path: "",
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
			"in a list",
			{
				properties: { items: { items: { properties: { n: { minimum: 1 } } } } },
			},
			{ items: [{ n: 1 }, { n: 0 }] },
			"items.1.n",
		],
		[
			"under a name that a pointer must escape",
			{ properties: { "a/b~c d#é%": { type: "number" } } },
			{ "a/b~c d#é%": "x" },
			"a/b~c d#é%",
		],
		[
			"behind a reference",
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
			"under any other name",
			{ additionalProperties: { minimum: 1 } },
			{ x: 0 },
			"x",
		],
		[
			"under a name not looked at",
			{ unevaluatedProperties: { minimum: 1 } },
			{ x: 0 },
			"x",
		],
		[
			"because of another",
			{ dependentSchemas: { a: { minProperties: 2 } } },
			{ a: 1 },
			"",
		],
		["at its place in a list", { prefixItems: [{ minimum: 1 }] }, [0], "0"],
		[
			"past those places",
			{ items: [true], additionalItems: { minimum: 1 } },
			[0, 0],
			"1",
		],
		[
			"at a place not looked at",
			{ unevaluatedItems: { minimum: 1 } },
			[0],
			"0",
		],
		["that is too many", { additionalProperties: false }, { extra: 1 }, ""],
		["below a list of schemas", { allOf: [{ minimum: 3 }] }, 2, ""],
		["as the whole", { type: "object" }, null, ""],
	])("is refused once for what is wrong %s", ([, schema, payload, path]) => {
		const issues = issuesOf(schema, payload);
		expect(issues.map((issue) => issue.path)).toEqual([path]);
		expect(issues[0]?.message).not.toMatch(/subschema|False boolean/);
	});

	test("that matches too many of a choice hears so", () => {
		const choice = {
			oneOf: [{ type: "number" }, { minimum: 1 }, { const: 1 }],
		};
		expect(issuesOf(choice, 2)).toContainEqual({
			path: "",
			message: "Instance does not match exactly one subschema (2 matches).",
		});
	});

	test("that has a property that is too many hears which", () => {
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
	] as const)("by %j: %j passes, %j does not", ([schema, good, bad]) => {
		expect(() => checkSchema(schema)).not.toThrow();
		expect(issuesOf(schema, good)).toEqual([]);
		expect(issuesOf(schema, bad)).not.toEqual([]);
	});

	test("that has two such hears of both, whatever they are called", () => {
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

	test("is checked by the draft that the schema names, or by the newest", () => {
		const beside = { $defs: { any: true }, $ref: "#/$defs/any", minimum: 1 };
		expect(issuesOf(beside, 0)).toHaveLength(1);
		const $schema = "http://json-schema.org/draft-07/schema#";
		expect(issuesOf({ $schema, ...beside }, 0)).toEqual([]);
	});

	test("is checked by a schema that was read once", () => {
		const toJSON = vi.fn(() => ({ type: "string" }));
		const schema = { toJSON };
		expect(issuesOf(schema, "a")).toEqual([]);
		expect(issuesOf(schema, 1)).toHaveLength(1);
		expect(toJSON).toHaveBeenCalledOnce();
	});

	test("that cannot be checked is refused as well", () => {
		const list = { items: { $ref: "#" } };
		let deep: unknown = [];
		for (let depth = 0; depth < 100_000; depth++) deep = [deep];
		expect(issuesOf(list, deep)).toEqual([
			{ path: "", message: expect.stringMatching(/^it cannot be checked: /) },
		]);
		const named = { additionalProperties: { type: "string" } };
		expect(issuesOf(named, { "\ud800": 1 })).toHaveLength(1);
	});

	test("nested a hundred deep is checked to the bottom", () => {
		const tree = {
			properties: { next: { $ref: "#" }, end: { type: "boolean" } },
		};
		let deep: unknown = { end: "no" };
		for (let depth = 0; depth < 100; depth++) deep = { next: deep };
		expect(issuesOf(tree, deep)).toHaveLength(1);
		expect(issuesOf(tree, deep)[0]?.path).toMatch(/^(next\.){100}end$/);
	});

	test("with very many issues is refused with all of them", () => {
		const list = { items: { type: "string" } };
		expect(issuesOf(list, Array(20_000).fill(1))).toHaveLength(20_000);
	});

	test("is neither changed nor is its schema, frozen or used twice", () => {
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

	test("of strings passes by the document's schema exactly when all that is required is there", () => {
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
					expect(issuesOf(schema, payload)).toHaveLength(missing.length);
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
		{ "x-order": 1, description: "keywords that are not known are notes" },
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
	])("%j is one", (schema) => {
		expect(() => checkSchema(schema)).not.toThrow();
	});

	test.for<[schema: unknown, why: string]>([
		[undefined, "expected a JSON Schema, an object, got undefined"],
		[null, "expected a JSON Schema, an object, got null"],
		[true, "expected a JSON Schema, an object, got true"],
		["object", 'expected a JSON Schema, an object, got "object"'],
		[[], "expected a JSON Schema, an object, got []"],
		[{ type: "strin" }, "no JSON Schema: type: Instance does not match any of"],
		[{ type: 5 }, "no JSON Schema: type: "],
		[{ type: [] }, "no JSON Schema: type: "],
		[{ type: ["string", "text"] }, "no JSON Schema: type.1: "],
		[{ type: { type: "string" } }, "no JSON Schema: type: "],
		[{ properties: [] }, "no JSON Schema: properties: "],
		[{ properties: { a: "string" } }, "no JSON Schema: properties.a: "],
		[
			{ properties: { a: { items: { type: "any" } } } },
			"no JSON Schema: properties.a.items.type: ",
		],
		[{ $defs: { a: { type: "any" } } }, "no JSON Schema: $defs.a.type: "],
		[{ anyOf: { type: "string" } }, "no JSON Schema: anyOf: "],
		[{ anyOf: [] }, "no JSON Schema: anyOf: "],
		[{ oneOf: [{ not: 5 }] }, "no JSON Schema: oneOf.0.not: "],
		[{ required: "from" }, "no JSON Schema: required: "],
		[{ required: true }, "no JSON Schema: required: "],
		[{ required: [5] }, "no JSON Schema: required.0: "],
		[{ enum: "a" }, "no JSON Schema: enum: "],
		[{ minLength: -1 }, "no JSON Schema: minLength: "],
		[{ maximum: "5" }, "no JSON Schema: maximum: "],
		[{ exclusiveMinimum: true }, "no JSON Schema: exclusiveMinimum: "],
		[{ multipleOf: 0 }, "no JSON Schema: multipleOf: "],
		[{ uniqueItems: "yes" }, "no JSON Schema: uniqueItems: "],
		[{ pattern: "(" }, "no JSON Schema: pattern: "],
		[
			{ patternProperties: { "(": {} } },
			"no JSON Schema: patternProperties.(: ",
		],
		[{ if: 5 }, "no JSON Schema: if: "],
		[{ else: 5 }, "no JSON Schema: else: "],
		[{ dependencies: { a: 5 } }, "no JSON Schema: dependencies.a: "],
		[{ $dynamicRef: "#a" }, 'no JSON Schema: (schema): Property "$dynamicRef"'],
		[
			{ $schema: "http://json-schema.org/draft-04/schema#" },
			"no JSON Schema: $schema: ",
		],
		[
			{ items: { $ref: "#/$defs/nowhere" } },
			'no JSON Schema: items: Unresolved $ref "#/$defs/nowhere".',
		],
		[
			{ $ref: "https://x.org/other.json" },
			'no JSON Schema: (schema): Unresolved $ref "https://x.org/other.json".',
		],
		[
			{ properties: { a: { $ref: "#/properties/a" } } },
			"no JSON Schema: properties.a: it refers to itself without end",
		],
		[{ allOf: [{ $ref: "#" }] }, "it refers to itself without end"],
		[
			{ allOf: [{ type: "string" }, { $ref: "#" }] },
			"it refers to itself without end",
		],
		[{ $id: "http://[" }, "no JSON Schema: (schema): Invalid URL"],
		[
			{ properties: { a: { items: 5 } }, required: [5] },
			"no JSON Schema: required.0: ",
		],
	])("%j is none", ([schema, why]) => {
		expect(() => checkSchema(schema)).toThrow(
			expect.objectContaining({
				name: "TypeError",
				message: expect.stringContaining(why),
			}),
		);
	});
});
