/** Checks JSON Schemas, and payloads against the schema of their event. It never changes a schema or a payload. */
import {
	dereference,
	type OutputUnit,
	type Schema,
	validate,
} from "@cfworker/json-schema";
import { violation } from "../../event/definition.ts";
import type { Issue } from "../../event/errors.ts";
import { byteLength } from "../../event/json.ts";
import { EVENT_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { appEventName } from "../app-name.ts";
import { Budget, bound, SCHEMA_CHARACTERS } from "./bounded-schema.ts";
import { DRAFTS, METASCHEMA } from "./metaschema.ts";

/** A schema prepared for the validator, with all its parts by location. */
interface Compiled {
	schema: Schema;
	budget: Budget;
	draft: (typeof DRAFTS)[keyof typeof DRAFTS];
	parts: Record<string, Schema | boolean>;
}

const compiled = new WeakMap<object, Compiled>();

/**
 * Checks a payload.
 *
 * @param name the event's name, for the error
 * @param schema must have passed `checkSchema`
 * @param payload a value that JSON can represent
 * @throws RefusedError `schema_violation`, with the first 100 issues. A handler that does not catch it is not retried:
 * its next attempt would make the same payload
 */
export function checkPayload(
	name: string,
	schema: object,
	payload: unknown,
): void {
	const issues = issuesOf(compile(schema), payload);
	if (issues.length > 0)
		throw Object.assign(violation("payload", name, issues), {
			tidings: "non_retryable",
		});
}

/**
 * Checks the payload of an app's event. Accepts any payload of an unknown event, and one that is too large for an event:
 * the owner rejects both.
 *
 * @throws RefusedError `schema_violation`
 */
export function checkEventPayload(
	app: string,
	events: Readonly<Record<string, { payload?: object }>>,
	event: string,
	payload: unknown,
): void {
	const { payload: schema } =
		(Object.hasOwn(events, event) && events[event]) || {};
	if (schema && byteLength(JSON.stringify(payload)) < EVENT_BYTES)
		checkPayload(appEventName(app, event), schema, payload);
}

/** @throws TypeError for a value that is not a JSON Schema, with the path of the wrong keyword */
export function checkSchema(schema: unknown): asserts schema is object {
	if (typeof schema !== "object" || schema === null || Array.isArray(schema))
		throw new TypeError(
			`expected a JSON Schema, which is an object, got ${show(schema)}`,
		);
	const { length } = JSON.stringify(schema);
	if (length > SCHEMA_CHARACTERS)
		throw new TypeError(
			`invalid JSON Schema: it has ${length} characters; use at most ${SCHEMA_CHARACTERS}`,
		);
	// The last issue is the innermost.
	const issue = issuesOf(compile(METASCHEMA), schema).at(-1);
	if (issue)
		throw new TypeError(
			`invalid JSON Schema: ${issue.path || "(schema)"}: ${issue.message}`,
		);
	const { draft, parts, budget } = compile(schema);
	// The validator follows a reference only when it validates a value, so each part validates one here. An
	// unresolved reference throws, and one that leads back to itself overflows the stack.
	for (const [location, part] of Object.entries(parts)) {
		budget.reset();
		throwAt(location, () =>
			validate(null, part as Schema, draft, parts, false),
		);
	}
}

/** Puts the path in front of the error. */
function throwAt<Result>(location: string, act: () => Result): Result {
	try {
		return act();
	} catch (error) {
		const path = pathOf(location) || "(schema)";
		const why =
			error instanceof RangeError
				? "the reference leads back to itself"
				: (error as Error).message.split(/\n| {2}/)[0];
		throw new TypeError(`invalid JSON Schema: ${path}: ${why}`);
	}
}

/** Compiles and bounds a copy, because the validator writes into the schema. @throws TypeError */
function compile(schema: object): Compiled {
	const known = compiled.get(schema);
	if (known) return known;
	const copy = JSON.parse(JSON.stringify(schema)) as Schema;
	const draft = DRAFTS[copy.$schema as keyof typeof DRAFTS] ?? "2020-12";
	const parts = throwAt("", () => dereference(copy));
	const budget = new Budget();
	if (schema !== METASCHEMA)
		for (const [location, part] of Object.entries(parts))
			throwAt(location, () => bound(part as Schema | boolean, budget));
	const made = { schema: copy, draft, parts, budget };
	compiled.set(schema, made);
	return made;
}

/** Issues of a value that are reported. */
const MAX_ISSUES = 100;

function issuesOf(
	{ schema, draft, parts, budget }: Compiled,
	value: unknown,
): Issue[] {
	try {
		budget.reset();
		const result = validate(value, schema, draft, parts, false);
		// Each is inside of those before it, so the first ones may be without their more exact inner one.
		const errors = result.errors.slice(0, 10 * MAX_ISSUES);
		const reported = new Set(
			errors.flatMap((one) =>
				one.keyword === "false" ? [] : ancestorsOf(one.keywordLocation),
			),
		);
		return errors
			.filter((one) => !isRedundant(one, reported))
			.slice(0, MAX_ISSUES)
			.map((one) => ({ path: issuePath(one), message: one.error }));
	} catch (error) {
		// The value is nested too deeply for the stack, or a key is not valid Unicode.
		return [
			{
				path: "",
				message: `the value cannot be checked: ${(error as Error).message}`,
			},
		];
	}
}

/** The validator reports a missing property at the object around it, with the property's name only in the text. */
function issuePath({ keyword, instanceLocation, error }: OutputUnit): string {
	const path = pathOf(instanceLocation);
	const [, missing] = MISSING_KEYWORDS.includes(keyword)
		? (/ does not have (?:required property )?"(.*)"\.$/s.exec(error) ?? [])
		: [];
	return [path, missing].filter(Boolean).join(".");
}

const MISSING_KEYWORDS = ["required", "dependentRequired", "dependencies"];

/** Keywords that apply other schemas. Their own issue says only that an inner one exists. */
const APPLICATORS = [
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

/** @param reported locations of keywords with an inner issue, which is more exact */
function isRedundant(
	{ keyword, keywordLocation }: OutputUnit,
	reported: ReadonlySet<string>,
): boolean {
	// The keyword around a `false` schema names the property that is not allowed.
	if (keyword === "false") return true;
	if (keyword === "if")
		return ["then", "else"].some((branch) =>
			reported.has(keywordLocation.replace(/if$/, branch)),
		);
	return APPLICATORS.includes(keyword) && reported.has(keywordLocation);
}

/** The locations of all parents of a keyword. */
function ancestorsOf(location: string): string[] {
	const steps = location.split("/");
	return steps.map((_, end) => steps.slice(0, end).join("/"));
}

/** Converts a JSON pointer in a URL fragment to a path with dots. */
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
