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
	return `unknown key ${JSON.stringify(key)}: use ${known.join(", ")}`;
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
	throw new TypeError(`expected ${form}, got ${JSON.stringify(value)}`);
}
