/** A definition: the name of an event with the schema of its body. Any Standard Schema serves. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { PublishArguments } from "./arguments.ts";
import { type Issue, type Receipt, RefusedError } from "./errors.ts";
import { checkName } from "./name.ts";

export type Schema = StandardSchemaV1;

export interface Definition<
	Name extends string = string,
	BodySchema extends Schema = Schema,
> {
	readonly name: Name;
	readonly schema: BodySchema;
	/**
	 * Publishes this event through the one `createEvents` that lists it.
	 *
	 * @throws RefusedError when none lists it or several do, and whatever `events.publish` throws
	 */
	publish(
		...args: PublishArguments<StandardSchemaV1.InferInput<BodySchema>>
	): Promise<Receipt>;
}

/** What publishes for a definition: the bus that lists it. */
type Publisher = (args: readonly unknown[]) => Promise<Receipt>;

const publishers = new WeakMap<Definition, Publisher[]>();

/**
 * Defines an event.
 *
 * @param name 1 to 128 characters: segments of `[A-Za-z0-9_-]+` joined by dots
 * @param schema any Standard Schema; what travels is its input, handlers registered by the definition get its output
 * @throws RefusedError `invalid_name`; `invalid_request` for what is no Standard Schema
 * @example
 * export const OrderPlaced = event("order.placed", z.object({ orderId: z.string() }));
 */
export function event<const Name extends string, BodySchema extends Schema>(
	name: Name,
	schema: BodySchema,
): Definition<Name, BodySchema> {
	checkName(name);
	if (schema?.["~standard"]?.version !== 1)
		throw new RefusedError(
			"invalid_request",
			`event ${JSON.stringify(name)}: its schema is no Standard Schema: give one of zod, valibot, arktype or another that implements it`,
		);
	const definition: Definition<Name, BodySchema> = {
		name,
		schema,
		async publish(...args) {
			const [publisher, ...others] = publishers.get(definition) ?? [];
			if (publisher === undefined || others.length > 0)
				throw new RefusedError(
					"invalid_request",
					`event ${JSON.stringify(name)} is listed by ${publisher ? others.length + 1 : "no"} createEvents({ events: [...] }): a definition publishes only where exactly one lists it`,
				);
			return publisher(args);
		},
	};
	return definition;
}

/** Makes `definition.publish` go by this publisher. */
export function listed(definition: Definition, publisher: Publisher): void {
	publishers.set(definition, [
		...(publishers.get(definition) ?? []),
		publisher,
	]);
}

export function isDefinition(value: unknown): value is Definition {
	const { name, schema } = (value ?? {}) as Partial<Definition>;
	return typeof name === "string" && schema?.["~standard"]?.version === 1;
}

/** The definitions that a bus lists. @throws RefusedError for what is none, or two of one name */
export function byName(
	definitions: readonly Definition[],
): Map<string, Definition> {
	const found = new Map<string, Definition>();
	for (const definition of definitions) {
		if (!isDefinition(definition))
			throw new RefusedError(
				"invalid_request",
				`createEvents: events: ${JSON.stringify(definition)} is no definition: list what event(name, schema) returned`,
			);
		if (found.has(definition.name))
			throw new RefusedError(
				"invalid_request",
				`createEvents: two definitions have the name ${JSON.stringify(definition.name)}: list one`,
			);
		found.set(definition.name, definition);
	}
	return found;
}

/** The schema's output for a body, or its issues. */
export async function parseBody(
	schema: Schema,
	body: unknown,
): Promise<{ value: unknown } | { issues: Issue[] }> {
	const result = await schema["~standard"].validate(body);
	return result.issues
		? { issues: result.issues.map(issueOf) }
		: { value: result.value };
}

function issueOf({ path = [], message }: StandardSchemaV1.Issue): Issue {
	const keys = path.map((step) =>
		String(typeof step === "object" ? step.key : step),
	);
	return { path: keys.join("."), message };
}

/** @throws RefusedError `schema_violation`, with the issues */
export async function checkBody(
	name: string,
	schema: Schema,
	body: unknown,
): Promise<void> {
	const result = await parseBody(schema, body);
	if ("issues" in result) throw violation("body", name, result.issues);
}

/** @param what was checked, for the message, which tells the first five issues */
export function violation(
	what: "body" | "payload",
	name: string,
	issues: Issue[],
): RefusedError {
	const listing = issues
		.slice(0, 5)
		.map(({ path, message }) => `${path || `(${what})`}: ${message}`)
		.join("; ");
	return new RefusedError(
		"schema_violation",
		`${what}: it breaks the schema of ${JSON.stringify(name)}: ${listing}`,
		{ issues },
	);
}
