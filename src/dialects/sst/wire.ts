/** The forms of an SST event: its definition, its body in a message, and the `evt` of a handler. It sends nothing. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Definition, event } from "../../event/definition.ts";
import type { Receipt } from "../../event/errors.ts";

/** A definition, as `event(type, schema)` of a builder returns it. The keys with `$` exist only as types. */
export interface SstEvent<
	Type extends string = string,
	// biome-ignore-start lint/suspicious/noExplicitAny: stands for every definition
	Input = any,
	Output = any,
	MetadataInput = any,
	Metadata = any,
	// biome-ignore-end lint/suspicious/noExplicitAny: stands for every definition
> {
	readonly type: Type;
	readonly $input: Input;
	readonly $output: Output;
	readonly $metadata: Metadata;
	/**
	 * Publishes to the bus of the builder. Resolves when the event is stored durably. `await` is optional.
	 *
	 * @throws RefusedError `schema_violation` with the issues, or `invalid_request` for an unknown bus
	 */
	publish(
		properties: Input,
		...metadata: [MetadataInput] extends [undefined]
			? []
			: [metadata: MetadataInput]
	): Promise<Receipt>;
}

/** The first argument of a subscriber. */
export interface Evt<
	Type extends string = string,
	Properties = unknown,
	Metadata = unknown,
> {
	type: Type;
	properties: Properties;
	metadata: Metadata;
	/** Retries before this attempt. 0 for the first attempt. */
	attempts: number;
}

/** The `evt` of a handler of these definitions. */
export type EvtOf<Defined extends SstEvent> = Defined extends unknown
	? Evt<Defined["type"], Defined["$output"], Defined["$metadata"]>
	: never;

/** The body in a message. It names the bus, because two buses may have events of one type. */
interface Wire {
	bus: string;
	properties: unknown;
	metadata?: unknown;
}

/** Whether a body is for the subscribers of a bus. Other buses and dialects may use the same event name. */
export function isFor(bus: string, body: unknown): body is Wire {
	return (body as Partial<Wire> | null)?.bus === bus;
}

/** Returns the output or throws. The error may have `issues`, as zod's has. */
// biome-ignore lint/suspicious/noExplicitAny: each schema has an input type of its own
export type Parse = (input: any) => unknown;

/** Creates the definition that validates the body in a message. */
export function wireDefinition(
	type: string,
	properties: Parse,
	metadata?: Parse,
): Definition<string, StandardSchemaV1<Wire>> {
	return event(type, wireSchema(properties, metadata));
}

function wireSchema(
	properties: Parse,
	metadata?: Parse,
): StandardSchemaV1<Wire> {
	return {
		"~standard": {
			version: 1,
			vendor: "tidings",
			async validate(value) {
				const body = value as Wire;
				const issues: SchemaIssue[] = [];
				const parsed = async (parse: Parse, member: keyof Wire) => {
					try {
						return await parse(body[member]);
					} catch (error) {
						issues.push(...issuesOf(error, member));
					}
				};
				const output = {
					...body,
					properties: await parsed(properties, "properties"),
					...(metadata && { metadata: await parsed(metadata, "metadata") }),
				};
				return issues.length > 0 ? { issues } : { value: output };
			},
		},
	};
}

interface SchemaIssue {
	message: string;
	path?: readonly PropertyKey[];
}

function issuesOf(error: unknown, member: string): SchemaIssue[] {
	const { issues } = (error ?? {}) as { issues?: SchemaIssue[] };
	if (!Array.isArray(issues))
		return [{ message: String(error), path: [member] }];
	return issues.map(({ message, path = [] }) => ({
		message,
		path: [member, ...path],
	}));
}
