/** Converts the forms of the API to JSON Schema. A form with a name becomes a reference to a component. */
import * as z from "zod";
import { components, named } from "./parts.ts";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

const OPTIONS: z.core.ToJSONSchemaParams = {
	metadata: named,
	// The form of an input does not exclude members that are new.
	io: "input",
	unrepresentable: "any",
	override({ zodSchema, jsonSchema }) {
		const { description, examples } = z.globalRegistry.get(zodSchema) ?? {};
		if (description !== undefined) jsonSchema.description = description;
		if (examples) jsonSchema.examples = examples as unknown[];
		// The bounds of what JSON can have say nothing.
		if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER)
			delete jsonSchema.minimum;
		if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER)
			delete jsonSchema.maximum;
		// A parameter is a text that is a number.
		if ("coerce" in zodSchema._zod.def) jsonSchema.type = "number";
	},
};

const COMPONENTS = "#/components/schemas/";

export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
	const id = named.get(schema)?.id;
	if (id !== undefined) return { $ref: COMPONENTS + id };
	// These keys belong only to a standalone schema.
	const { $schema, $defs, ...json } = convert(schema);
	return json;
}

/** Converts all in one schema. `z.toJSONSchema` would convert a registry, but bundles every kind of schema. */
export function namedSchemas(): Record<string, JsonSchema> {
	return convert(z.object(Object.fromEntries(components))).$defs ?? {};
}

function convert(schema: z.ZodType): JsonSchema {
	const json = JSON.stringify(schema.toJSONSchema(OPTIONS));
	return JSON.parse(json.replaceAll('"#/$defs/', `"${COMPONENTS}`));
}
