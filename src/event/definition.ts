/** Definitions: the name of an event with the schema of its body. It publishes only through a `createEvents`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { After } from "./after-form.ts";
import { type Issue, type Receipt, RefusedError } from "./errors.ts";
import { checkName, closeNames } from "./name.ts";

export type Schema = StandardSchemaV1;

/** Facts about an event. A tag that is undefined or null is left out. */
export type Tags = Readonly<
	Record<string, string | number | boolean | null | undefined>
>;

export interface PublishOptions {
	/** When to deliver the event. Later than now, at most one calendar year ahead. Default: at once. */
	after?: After | undefined;
	/** One of `TIDINGS_QUEUES.lanes`. Default: the queues without a lane. */
	lane?: string | undefined;
	/** Facts to search for, such as `{ customer: "c42" }`: at most 8 of 64 characters. */
	tags?: Tags | undefined;
	/** The W3C trace context of the caller, which handlers receive. */
	traceparent?: string | undefined;
	/** Unique to this event. For 24 hours, a repeated call gets the first receipt and publishes nothing. */
	idempotencyKey?: string | undefined;
}

/** Arguments of `publish(name)`, `publish(name, body)` and `publish(name, options, body)`, after the name. */
export type PublishArguments<Body> =
	| (null extends Body ? [] : never)
	| [body: Body]
	| [options: PublishOptions, body: Body];

export interface Definition<
	Name extends string = string,
	BodySchema extends Schema = Schema,
> {
	readonly name: Name;
	readonly schema: BodySchema;
	/** Tags of each event, from its body as it was published. */
	tags?(body: unknown): unknown;
	/**
	 * Publishes this event through the one `createEvents` that lists it.
	 *
	 * @throws RefusedError unless exactly one lists it; every error of `events.publish`
	 */
	publish(
		...args: PublishArguments<StandardSchemaV1.InferInput<BodySchema>>
	): Promise<Receipt>;
}

/** The `publish` of a `createEvents` that lists a definition. */
type Publisher = (args: readonly unknown[]) => Promise<Receipt>;

const publishers = new WeakMap<Definition, Publisher[]>();

/**
 * Defines an event.
 *
 * @param name 1 to 128 characters: segments of `[A-Za-z0-9_-]+` joined by dots
 * @param schema any Standard Schema; queues carry its input, handlers registered by the definition receive its output
 * @param options `tags` returns facts to search for, from the body as it was published
 * @throws RefusedError `invalid_name`; `invalid_request` if the schema is not a Standard Schema
 * @example
 * export const OrderPlaced = event("order.placed", z.object({ orderId: z.string() }));
 */
export function event<const Name extends string, BodySchema extends Schema>(
	name: Name,
	schema: BodySchema,
	{
		tags,
	}: {
		tags?(body: StandardSchemaV1.InferInput<BodySchema>): Tags;
	} = {},
): Definition<Name, BodySchema> {
	checkName(name);
	if (schema?.["~standard"]?.version !== 1)
		throw new RefusedError(
			"invalid_request",
			`event ${JSON.stringify(name)}: its schema is not a Standard Schema; give a schema of zod, valibot, arktype or another library that implements it`,
		);
	const definition: Definition<Name, BodySchema> = {
		name,
		schema,
		...(tags && { tags }),
		async publish(...args) {
			const [publisher, ...others] = publishers.get(definition) ?? [];
			if (publisher === undefined || others.length > 0)
				throw new RefusedError(
					"invalid_request",
					`event ${JSON.stringify(name)} is listed by ${publisher ? others.length + 1 : "no"} createEvents({ events: [...] }): list it in exactly one`,
				);
			return publisher(args);
		},
	};
	return definition;
}

/** Makes `definition.publish` call this publisher. */
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

/** Returns definitions by name. @throws RefusedError if a value is not a definition, or if two have one name */
export function byName(
	definitions: readonly Definition[],
): Map<string, Definition> {
	const found = new Map<string, Definition>();
	for (const definition of definitions) {
		if (!isDefinition(definition))
			throw new RefusedError(
				"invalid_request",
				`createEvents: events: ${JSON.stringify(definition)} is not a definition: list the result of event(name, schema)`,
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

/**
 * Returns a check of names that only listed names pass.
 *
 * @throws RefusedError `unknown_name`, with the listed names that are close
 */
export function listedNames(names: readonly string[]): (name: string) => void {
	const listed = new Set(names);
	return (name) => {
		if (listed.has(name)) return;
		const hint = hintFor(name, names);
		throw new RefusedError(
			"unknown_name",
			`name: ${JSON.stringify(name)} is not in the list of a strict createEvents: ${hint} list its definition`,
		);
	};
}

function hintFor(name: string, names: readonly string[]): string {
	const close = closeNames(name, names).map((one) => JSON.stringify(one));
	if (close.length > 0) return `did you mean ${close.join(" or ")}? If not,`;
	if (names.length === 0) return "it has no names;";
	const more = names.length > 10 ? ", …" : "";
	return `it has ${names.slice(0, 10).join(", ")}${more};`;
}

/** Returns the schema's output for a body, or its issues. */
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

/** Characters of an issue in a message. A path has keys of the body, and a message may have values of it. */
const ISSUE_LENGTH = 500;

/** Returns the error for a body or a payload. Its message has the first five issues. */
export function violation(
	what: "body" | "payload",
	name: string,
	issues: Issue[],
): RefusedError {
	const listing = issues
		.slice(0, 5)
		.map(({ path, message }) =>
			`${path || `(${what})`}: ${message}`.slice(0, ISSUE_LENGTH),
		)
		.join("; ");
	return new RefusedError(
		"schema_violation",
		`${what}: it does not match the schema of ${JSON.stringify(name)}: ${listing}`,
		{ issues },
	);
}
