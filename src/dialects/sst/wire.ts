/** What an SST event is: as it is defined, as it travels, and as a handler gets it. */

import type { Schema } from "../../event/definition.ts";
import type { Receipt } from "../../event/errors.ts";

/** A definition: what `event(type, schema)` of a builder returns. The members with `$` are for types alone. */
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
	 * Publishes to the bus of the builder. Resolves when the event is held durably; it arrives without `await`, too.
	 *
	 * @throws RefusedError `schema_violation` with the issues; `invalid_request` for a bus that is not known
	 */
	publish(
		properties: Input,
		...metadata: [MetadataInput] extends [undefined]
			? []
			: [metadata: MetadataInput]
	): Promise<Receipt>;
}

/** What a subscriber gets. */
export interface Evt<
	Type extends string = string,
	Properties = unknown,
	Metadata = unknown,
> {
	type: Type;
	properties: Properties;
	metadata: Metadata;
	/** Retries before this attempt: 0 at the first. */
	attempts: number;
}

/** What a handler of these definitions gets. */
export type EvtOf<Defined extends SstEvent> = Defined extends unknown
	? Evt<Defined["type"], Defined["$output"], Defined["$metadata"]>
	: never;

/** The body as it travels. The bus is named, so that buses with one type never see each other's events. */
export interface Wire {
	bus: string;
	properties: unknown;
	metadata?: unknown;
}

/** Whether a body is for the subscribers of a bus; names are shared with other buses and other dialects. */
export function isFor(bus: string, body: unknown): body is Wire {
	return (body as Partial<Wire> | null)?.bus === bus;
}

/** Gives the output, or throws; an error may carry `issues`, as zod's does. */
// biome-ignore lint/suspicious/noExplicitAny: each schema has an input of its own
export type Parse = (input: any) => unknown;

/** A Standard Schema of the body as it travels. */
export function wireSchema(properties: Parse, metadata?: Parse): Schema {
	return {
		"~standard": {
			version: 1,
			vendor: "tidings",
			async validate(value) {
				const body = value as Wire;
				const issues: Found[] = [];
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

interface Found {
	message: string;
	path?: readonly PropertyKey[];
}

function issuesOf(error: unknown, member: string): Found[] {
	const { issues } = (error ?? {}) as { issues?: Found[] };
	if (!Array.isArray(issues))
		return [{ message: String(error), path: [member] }];
	return issues.map(({ message, path = [] }) => ({
		message,
		path: [member, ...path],
	}));
}
