/** Checks payloads against the JSON Schema that their event declares, and such schemas themselves. */
import {
	dereference,
	type OutputUnit,
	type Schema,
	validate,
} from "@cfworker/json-schema";
import { violation } from "../event/definition.ts";
import type { Issue } from "../event/errors.ts";
import { DRAFTS, METASCHEMA } from "./metaschema.ts";

/** A schema as the validator takes it: with all its parts by their place. */
interface Compiled {
	schema: Schema;
	draft: (typeof DRAFTS)[keyof typeof DRAFTS];
	parts: Record<string, Schema | boolean>;
}

const compiled = new WeakMap<object, Compiled>();

/**
 * @param name of the event, for the error
 * @param schema one that `checkSchema` lets pass
 * @param payload as it travels: what JSON can carry
 * @throws RefusedError `schema_violation`, with the issues
 */
export function checkPayload(
	name: string,
	schema: object,
	payload: unknown,
): void {
	const issues = issuesOf(compile(schema), payload);
	if (issues.length > 0) throw violation("payload", name, issues);
}

/** @throws TypeError for what is no JSON Schema, with the path of what is wrong in it */
export function checkSchema(schema: unknown): asserts schema is object {
	if (typeof schema !== "object" || schema === null || Array.isArray(schema))
		throw new TypeError(
			`expected a JSON Schema, an object, got ${JSON.stringify(schema)}`,
		);
	// The last one lies furthest in.
	const issue = issuesOf(compile(METASCHEMA), schema).at(-1);
	if (issue)
		throw new TypeError(
			`no JSON Schema: ${issue.path || "(schema)"}: ${issue.message}`,
		);
	const { draft, parts } = tried("(schema)", () => compile(schema));
	// A reference is followed only when a value gets there. So each part is tried with one: a reference that
	// leads nowhere throws, one that leads back to itself ends the stack.
	for (const [place, part] of Object.entries(parts))
		tried(pathOf(place) || "(schema)", () =>
			validate(null, part as Schema, draft, parts, false),
		);
}

function tried<Result>(place: string, act: () => Result): Result {
	try {
		return act();
	} catch (error) {
		const why =
			error instanceof RangeError
				? "it refers to itself without end"
				: (error as Error).message.split(/\n| {2}/)[0];
		throw new TypeError(`no JSON Schema: ${place}: ${why}`);
	}
}

/** The validator writes into a schema, so it gets its own copy. */
function compile(schema: object): Compiled {
	const known = compiled.get(schema);
	if (known) return known;
	const copy = JSON.parse(JSON.stringify(schema)) as Schema;
	const draft = DRAFTS[copy.$schema as keyof typeof DRAFTS] ?? "2020-12";
	const made = { schema: copy, draft, parts: dereference(copy) };
	compiled.set(schema, made);
	return made;
}

function issuesOf({ schema, draft, parts }: Compiled, value: unknown): Issue[] {
	try {
		const { errors } = validate(value, schema, draft, parts, false);
		const told = new Set(
			errors.flatMap((one) =>
				one.keyword === "false" ? [] : above(one.keywordLocation),
			),
		);
		return errors
			.filter((one) => !isHint(one, told))
			.map(({ instanceLocation, error }) => ({
				path: pathOf(instanceLocation),
				message: error,
			}));
	} catch (error) {
		// A value nested past the stack, or a name that is no Unicode.
		return [
			{
				path: "",
				message: `it cannot be checked: ${(error as Error).message}`,
			},
		];
	}
}

/** Keywords that pass a value on, and say no more than that something further in is wrong. */
const LEADING = [
	"$ref",
	"allOf",
	"properties",
	"patternProperties",
	"additionalProperties",
	"unevaluatedProperties",
	"dependentSchemas",
	"items",
	"prefixItems",
	"additionalItems",
	"unevaluatedItems",
];

/** @param told the keywords below which another error lies, which says the same better */
function isHint(
	{ keyword, keywordLocation }: OutputUnit,
	told: ReadonlySet<string>,
): boolean {
	// The keyword that a `false` stands under says which property is too many.
	if (keyword === "false") return true;
	return LEADING.includes(keyword) && told.has(keywordLocation);
}

/** The places that a place lies in. */
function above(place: string): string[] {
	const steps = place.split("/");
	return steps.map((_, end) => steps.slice(0, end).join("/"));
}

/** A JSON pointer in a fragment as a path with dots. */
function pathOf(pointer: string): string {
	const [, steps = ""] = pointer.split("#");
	return steps
		.split("/")
		.slice(1)
		.map((step) =>
			decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"),
		)
		.join(".");
}
