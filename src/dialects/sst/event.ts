/** Defines and publishes events of SST. Properties are validated by the publisher, as JSON. It delivers nothing. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { bus } from "../bus.ts";
import { type EventBus, idOf } from "./bus.ts";
import { rememberSchema } from "./handler.ts";
import { type Parse, type SstEvent, wireDefinition } from "./wire.ts";

/** Turns a schema into a function that parses an input. */
// biome-ignore lint/suspicious/noExplicitAny: each validator has a schema type of its own
type Validator = (schema: any) => Parse;

type InputOf<Schema> = Schema extends StandardSchemaV1
	? StandardSchemaV1.InferInput<Schema>
	: Schema extends undefined
		? undefined
		: // biome-ignore lint/suspicious/noExplicitAny: a schema without types
			any;

type OutputOf<Schema> = Schema extends StandardSchemaV1
	? StandardSchemaV1.InferOutput<Schema>
	: InputOf<Schema>;

/** Validates with zod schemas. */
export function ZodValidator<
	Schema extends StandardSchemaV1 & { parse(input: unknown): unknown },
>(
	schema: Schema,
): (
	input: StandardSchemaV1.InferInput<Schema>,
) => StandardSchemaV1.InferOutput<Schema> {
	return (input) => schema.parse(input) as StandardSchemaV1.InferOutput<Schema>;
}

/**
 * Creates the function that defines the events of a bus.
 *
 * @param options.bus an `EventBus` or its id; an id is looked up with each publish
 * @param options.validator `ZodValidator`, or a function that turns a schema into a parser, which returns or throws
 * @param options.metadata a schema of the metadata, which each publish must then pass
 * @param options.metadataFn creates the metadata of each event, if there is no schema of it
 * @example
 * export const event = createEventBuilder({ bus: "bus", validator: ZodValidator });
 */
export function createEventBuilder<
	Validates extends Validator,
	MetadataSchema extends Parameters<Validates>[0] | undefined = undefined,
	Created = undefined,
>(options: {
	bus: string | EventBus;
	validator: Validates;
	metadata?: MetadataSchema;
	metadataFn?: () => Created;
}) {
	const { validator, metadata: metadataSchema, metadataFn } = options;
	const parseMetadata =
		metadataSchema === undefined ? undefined : validator(metadataSchema);
	return <const Type extends string, Schema extends Parameters<Validates>[0]>(
		type: Type,
		schema: Schema,
	): SstEvent<
		Type,
		InputOf<Schema>,
		OutputOf<Schema>,
		InputOf<MetadataSchema>,
		MetadataSchema extends undefined ? Created : OutputOf<MetadataSchema>
	> => {
		const definition = wireDefinition(type, validator(schema), parseMetadata);
		const defined = {
			type,
			async publish(properties: unknown, given?: unknown) {
				const metadata = parseMetadata ? given : metadataFn?.();
				const wire = { bus: idOf(options.bus), properties, metadata };
				return bus.publish(definition, wire);
			},
		} as SstEvent<Type>;
		rememberSchema(defined, definition.schema);
		return defined;
	};
}
