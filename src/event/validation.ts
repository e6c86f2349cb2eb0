/** Refuses a member that does nothing, for it may be a misspelt one that does. */
import { type RefusalCode, RefusedError } from "./errors.ts";

/**
 * @param what whose members they are, for the error
 * @throws RefusedError with this code for a member that is not one of these
 */
export function rejectUnknownKeys(
	what: string,
	options: object,
	members: readonly string[],
	code: RefusalCode = "invalid_request",
): void {
	const unknown = Object.keys(options).find((key) => !members.includes(key));
	if (unknown !== undefined)
		throw new RefusedError(
			code,
			`${what}: ${unknownKeyMessage(unknown, members)}`,
		);
}

/** The member, and those that there are. */
export function unknownKeyMessage(
	name: string,
	members: readonly string[],
): string {
	return `unknown member ${JSON.stringify(name)}: use ${members.join(", ")}`;
}

/** @throws TypeError for what is none */
export function objectOf<Value>(
	value: Value,
	form = "an object",
): Value & object {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value;
	throw new TypeError(`expected ${form}, got ${JSON.stringify(value)}`);
}
