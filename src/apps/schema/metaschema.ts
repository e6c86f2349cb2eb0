/**
 * A JSON Schema for JSON Schemas: the keywords and drafts that the validator supports. The validator silently ignores
 * an invalid keyword, so every schema is checked against this one first. It contains data only.
 */

const SCHEMA = { $ref: "#" };
const SCHEMAS = { type: "array", items: SCHEMA, minItems: 1 };
const MAP = { type: "object", additionalProperties: SCHEMA };
const STRING = { type: "string" };
const STRINGS = { type: "array", items: STRING };
const PATTERN = { type: "string", format: "regex", maxLength: 500 };
const NUMBER = { type: "number" };
const COUNT = { type: "integer", minimum: 0 };
const FLAG = { type: "boolean" };
const TYPE = {
	enum: ["array", "boolean", "integer", "null", "number", "object", "string"],
};

/** Drafts by their `$schema`. */
export const DRAFTS = {
	"http://json-schema.org/draft-07/schema": "7",
	"http://json-schema.org/draft-07/schema#": "7",
	"https://json-schema.org/draft/2019-09/schema": "2019-09",
	"https://json-schema.org/draft/2020-12/schema": "2020-12",
} as const;

export const METASCHEMA = {
	type: ["object", "boolean"],
	properties: {
		$schema: { enum: Object.keys(DRAFTS) },
		$id: STRING,
		$ref: STRING,
		$anchor: STRING,
		// The validator would ignore this keyword.
		$dynamicRef: false,
		$defs: MAP,
		definitions: MAP,
		type: {
			if: { type: "array" },
			// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
			then: { items: TYPE, minItems: 1 },
			else: TYPE,
		},
		enum: { type: "array" },
		allOf: SCHEMAS,
		anyOf: SCHEMAS,
		oneOf: SCHEMAS,
		not: SCHEMA,
		if: SCHEMA,
		// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
		then: SCHEMA,
		else: SCHEMA,
		properties: MAP,
		patternProperties: { ...MAP, propertyNames: PATTERN },
		additionalProperties: SCHEMA,
		unevaluatedProperties: SCHEMA,
		propertyNames: SCHEMA,
		required: STRINGS,
		minProperties: COUNT,
		maxProperties: COUNT,
		dependentRequired: { type: "object", additionalProperties: STRINGS },
		dependentSchemas: MAP,
		dependencies: {
			type: "object",
			additionalProperties: {
				if: { type: "array" },
				// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
				then: STRINGS,
				else: SCHEMA,
			},
		},
		// Until draft 2019-09, a list gave the schemas of the first items.
		items: {
			if: { type: "array" },
			// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
			then: { items: SCHEMA },
			else: SCHEMA,
		},
		prefixItems: SCHEMAS,
		additionalItems: SCHEMA,
		unevaluatedItems: SCHEMA,
		contains: SCHEMA,
		minContains: COUNT,
		maxContains: COUNT,
		minItems: COUNT,
		maxItems: COUNT,
		uniqueItems: FLAG,
		minimum: NUMBER,
		maximum: NUMBER,
		exclusiveMinimum: NUMBER,
		exclusiveMaximum: NUMBER,
		multipleOf: { type: "number", exclusiveMinimum: 0 },
		minLength: COUNT,
		maxLength: COUNT,
		pattern: PATTERN,
		format: STRING,
	},
};
