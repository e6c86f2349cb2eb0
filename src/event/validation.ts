/** Checks options by hand, for code that a publishing Worker bundles. It must not import zod. */
import { type RefusalCode, RefusedError } from "./errors.ts";

/**
 * Rejects unknown keys: a misspelt option must not be silently ignored.
 *
 * @param what the options' name, for the error
 * @throws RefusedError with this code for a key that is not among the known ones
 */
export function rejectUnknownKeys(
	what: string,
	options: object,
	known: readonly string[],
	code: RefusalCode = "invalid_request",
): void {
	const unknown = Object.keys(options).find((key) => !known.includes(key));
	if (unknown !== undefined)
		throw new RefusedError(
			code,
			`${what}: ${unknownKeyMessage(unknown, known)}`,
		);
}

/** Names the unknown key and lists the known ones. */
export function unknownKeyMessage(
	key: string,
	known: readonly string[],
): string {
	return `unknown key ${show(key)}; use ${known.join(", ")}`;
}

/**
 * Returns the value if it is an object and not an array.
 *
 * @throws TypeError for any other value
 */
export function objectOf<Value>(
	value: Value,
	form = "an object",
): Value & object {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value;
	throw new TypeError(`expected ${form}, got ${show(value)}`);
}

/** Formats a value for a message, cut to 150 characters. */
export function show(value: unknown): string {
	let text: string;
	try {
		text =
			typeof value === "number"
				? String(value)
				: (JSON.stringify(value) ?? typeof value);
	} catch {
		// Circular, or a bigint.
		text = typeof value;
	}
	return text.length > 150 ? `${text.slice(0, 150)}…` : text;
}

/** Whether the value is a string that is not empty. */
export function isText(value: unknown): value is string {
	return typeof value === "string" && value !== "";
}
