/** Defining and publishing SST events. The properties are checked where they are published, in JSON. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Definition, event } from "../../event/definition.ts";
import { bus } from "../bus.ts";
import { type EventBus, idOf } from "./bus.ts";
import { typed } from "./handler.ts";
import { type Parse, type SstEvent, type Wire, wireSchema } from "./wire.ts";

/** Makes of a schema what checks an input: gives the output, or throws. */
// biome-ignore lint/suspicious/noExplicitAny: each validator takes schemas of its own
type Validator = (schema: any) => Parse;

type InputOf<Schema> = Schema extends StandardSchemaV1
	? StandardSchemaV1.InferInput<Schema>
	: Schema extends undefined
		? undefined
		: // biome-ignore lint/suspicious/noExplicitAny: a schema that tells no types
			any;

type OutputOf<Schema> = Schema extends StandardSchemaV1
	? StandardSchemaV1.InferOutput<Schema>
	: InputOf<Schema>;

/** The validator for zod's schemas. */
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
 * Makes the function that defines the events of a bus.
 *
 * @param options.bus an `EventBus` or its id, looked up when an event is published
 * @param options.validator `ZodValidator`, or a function that makes of a schema one that gives the output or throws
 * @param options.metadata a schema of the metadata that is then given with each event
 * @param options.metadataFn makes the metadata of each event, where there is no schema of it
 * @example
 * export const event = createEventBuilder({ bus: "bus", validator: ZodValidator });
 */
export function createEventBuilder<
	Validates extends Validator,
	MetadataSchema extends Parameters<Validates>[0] | undefined = undefined,
	Made = undefined,
>(options: {
	bus: string | EventBus;
	validator: Validates;
	metadata?: MetadataSchema;
	metadataFn?: () => Made;
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
		MetadataSchema extends undefined ? Made : OutputOf<MetadataSchema>
	> => {
		const definition: Definition = event(
			type,
			wireSchema(validator(schema), parseMetadata),
		);
		const defined = {
			type,
			async publish(properties: unknown, given?: unknown) {
				const metadata = parseMetadata ? given : metadataFn?.();
				const wire: Wire = { bus: idOf(options.bus), properties, metadata };
				return bus.publish(definition, wire);
			},
		} as SstEvent<Type>;
		typed(defined, definition.schema);
		return defined;
	};
}
