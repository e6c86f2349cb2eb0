/**
 * Bounds the work that a JSON Schema can cause. The validator has no limits of its own: a short pattern, a long list or
 * references to references could stop the Worker for seconds. It validates nothing.
 */
import type { Schema } from "@cfworker/json-schema";
import { EVENT_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { longestText } from "./pattern-cost.ts";

/** Characters of a schema as JSON. */
export const SCHEMA_CHARACTERS = 65_536;

/** Items of a list with `uniqueItems`: the validator compares each with each. */
const UNIQUE_ITEMS = 1_000;

/** Characters of a text with a `format`: the validator's expressions take more steps for longer texts. */
const FORMAT_CHARACTERS = 2_000;

/** A pattern that no text of this length may be tried with is of no use. */
const LEAST_TEXT = 30;

/** Steps of one check: a value and a schema that meet, and each entry of this schema. */
const MAX_STEPS = 250_000;

/** A step of `patternProperties` tries an expression with each key of an object. */
const PATTERN_STEPS = 1_000;

/** Counts the steps of one check. */
export class Budget {
	#left = MAX_STEPS;

	reset(): void {
		this.#left = MAX_STEPS;
	}

	/** @throws Error if the check has taken too many steps */
	take(steps: number): void {
		this.#left -= steps;
		if (this.#left < 0)
			throw new Error(
				`it takes more than ${MAX_STEPS} steps; use a smaller value or schema`,
			);
	}
}

/**
 * Replaces keywords of one schema by bounded ones, and makes the schema count its steps.
 *
 * @param part is changed
 * @throws TypeError for a keyword that cannot be bounded
 */
export function bound(part: Schema | boolean, budget: Budget): void {
	if (typeof part === "boolean") return;
	for (const pattern of Object.keys(part.patternProperties ?? {}))
		if (longestOf(pattern) < EVENT_BYTES)
			throw new TypeError(
				`patternProperties: ${show(pattern)} takes too many steps with long keys; begin it with ^ and repeat one part only`,
			);
	if (part.format === "url")
		throw new TypeError('format: "url" takes too many steps; use "uri"');
	const steps = stepsOf(part);
	const { pattern, format, uniqueItems } = part;
	if (pattern !== undefined) {
		const maxLength = longestOf(pattern);
		if (maxLength < EVENT_BYTES) replace(part, { pattern }, { maxLength });
	}
	if (format !== undefined)
		replace(part, { format }, { maxLength: FORMAT_CHARACTERS });
	if (uniqueItems) replace(part, { uniqueItems }, { maxItems: UNIQUE_ITEMS });
	countSteps(part, steps, budget);
}

/** @throws TypeError for a pattern whose steps are not bounded */
function longestOf(pattern: string): number {
	const longest = longestText(pattern);
	if (longest >= LEAST_TEXT) return longest;
	throw new TypeError(
		`pattern: ${show(pattern)} takes too many steps; do not repeat a group that has repetitions or alternatives, and use no backreference, no lookbehind and no flags`,
	);
}

/** The keyword applies within the limit only. A value above the limit does not match. */
function replace(part: Schema, keyword: Schema, limit: Schema): void {
	for (const name of Object.keys(keyword)) delete part[name];
	// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
	const bounded = { if: limit, then: keyword, else: limit };
	part.allOf = [...(part.allOf ?? []), bounded];
}

function stepsOf(part: Schema): number {
	const entries = Object.values(part).flatMap((value) =>
		typeof value === "object" && value !== null ? Object.keys(value) : [],
	);
	const patterns = Object.keys(part.patternProperties ?? {});
	return 1 + entries.length + patterns.length * PATTERN_STEPS;
}

/** The validator reads this property whenever it applies a schema to a value. Without `$recursiveRef` it has no value. */
const READ_EACH_TIME = "__absolute_recursive_ref__";

function countSteps(part: Schema, steps: number, budget: Budget): void {
	// A part with an `$id` has two locations.
	const isCounted = Object.hasOwn(part, READ_EACH_TIME);
	if (isCounted || part.$recursiveRef !== undefined) return;
	Object.defineProperty(part, READ_EACH_TIME, {
		get: () => budget.take(steps),
	});
}
