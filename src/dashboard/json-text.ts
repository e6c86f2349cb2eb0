/**
 * Formats and reads JSON as text, so that no number changes: a body may have integers that JavaScript cannot represent.
 * It shows nothing.
 */
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";

/** A string, which may be cut, a number or a word, a bracket, or one of `,:`. */
const PART = /"(?:[^"\\]|\\.)*"?|[^\s"[\]{}:,]+|[[\]{}:,]/g;

/** Levels that are indented. A deep body would become much longer with more. */
const MOST_LEVELS = 50;

interface Part {
	text: string;
	/** Absent for brackets, commas and whitespace. */
	kind?: "key" | "text" | "other";
}

/** Returns JSON text with line breaks and indentation, in parts. Text that is cut stays as it is after the cut. */
export function prettyParts(json: string): Part[] {
	const found = json.match(PART) ?? [];
	const parts: Part[] = [];
	let depth = 0;
	const line = (levels: number) => ({
		text: `\n${"  ".repeat(Math.min(levels, MOST_LEVELS))}`,
	});
	for (const [index, text] of found.entries()) {
		const next = found[index + 1];
		if (text === "{" || text === "[") {
			const isEmpty = next === "}" || next === "]";
			parts.push({ text });
			if (!isEmpty) parts.push(line(++depth));
		} else if (text === "}" || text === "]") {
			const before = found[index - 1];
			if (before !== "{" && before !== "[") parts.push(line(--depth));
			parts.push({ text });
		} else if (text === ",") parts.push({ text }, line(depth));
		else if (text === ":") parts.push({ text: ": " });
		else if (text.startsWith('"'))
			parts.push({ text, kind: next === ":" ? "key" : "text" });
		else parts.push({ text, kind: "other" });
	}
	return parts;
}

export function prettyJson(json: string): string {
	return prettyParts(json)
		.map(({ text }) => text)
		.join("");
}

/**
 * Reads a body that a person has written.
 *
 * @throws RefusedError `invalid_body` unless it is JSON whose numbers JavaScript can represent: handlers would get
 * others
 */
export function readBody(text: string): unknown {
	try {
		return JSON.parse(text, ((_: string, value: unknown, at: Source) => {
			if (typeof value === "number" && isLossy(value, at?.source ?? ""))
				throw new RefusedError(
					"invalid_body",
					`body: the number ${show(at.source)} would become ${value}; write it as text`,
				);
			return value;
		}) as (key: string, value: unknown) => unknown);
	} catch (error) {
		if (error instanceof RefusedError) throw error;
		throw new RefusedError(
			"invalid_body",
			`body: it is not JSON: ${(error as Error).message}`,
		);
	}
}

interface Source {
	source: string;
}

/** Whether JavaScript would write another number. It writes the shortest of those that it cannot tell apart. */
function isLossy(value: number, source: string): boolean {
	return (
		!Number.isFinite(value) ||
		decimalOf(source) !== decimalOf(JSON.stringify(value))
	);
}

/** A decimal number without its sign, in one notation: `1.50`, `15e-1` and `0.015E2` are `15e-1`. */
function decimalOf(text: string): string {
	const [mantissa = "", exponent = "0"] = text.replace(/^-/, "").split(/e/i);
	const [whole = "", part = ""] = mantissa.split(".");
	const digits = (whole + part).replace(/^0+/, "");
	if (digits === "") return "0";
	// A regular expression would take quadratic time for zeros that end with another digit.
	let end = digits.length;
	while (digits[end - 1] === "0") end--;
	const zeros = digits.length - end;
	return `${digits.slice(0, end)}e${Number(exponent) - part.length + zeros}`;
}
