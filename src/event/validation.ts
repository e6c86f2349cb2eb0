/** Checks plain data from users and from other Workers. It knows no event. */
import { type RefusalCode, RefusedError } from "./errors.ts";

/**
 * Rejects unknown keys: a misspelt option must not be silently ignored.
 *
 * @param what the object's name, for the error
 * @throws RefusedError with this code
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

/** Returns the message for an unknown key, with the known ones. */
export function unknownKeyMessage(
	key: string,
	known: readonly string[],
): string {
	return `unknown member ${JSON.stringify(key)}: use ${known.join(", ")}`;
}

/** Reads a value, or throws a TypeError that begins with the path. */
export type Read<Result> = (value: unknown, path: string) => Result;

/**
 * Returns the value as an object that is not an array.
 *
 * @param form the expected form, for the error
 * @throws TypeError for any other value
 */
export function objectOf<Value>(
	value: Value,
	form = "an object",
): Value & Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value as Value & Record<string, unknown>;
	throw new TypeError(`expected ${form}, got ${JSON.stringify(value)}`);
}

/** @throws TypeError that begins with the path */
export function listOf<Result>(
	value: unknown,
	path: string,
	read: Read<Result>,
): Result[] {
	if (!Array.isArray(value))
		throw wrong(path, `expected an array, got ${JSON.stringify(value)}`);
	return Array.from(value, (one, index) => read(one, `${path}[${index}]`));
}

/** @throws TypeError that begins with the path */
export function mapMembers<Result>(
	value: unknown,
	path: string,
	read: (member: unknown, name: string) => Result,
): Record<string, Result> {
	const object = named(path, () => objectOf(value));
	return Object.fromEntries(
		Object.entries(object).map(([name, member]) => [name, read(member, name)]),
	);
}

/** @throws TypeError that begins with the path */
export function text(value: unknown, path: string): string {
	if (typeof value === "string" && value !== "") return value;
	throw wrong(
		path,
		`expected a string that is not empty, got ${JSON.stringify(value)}`,
	);
}

/** Adds the path to the error of a check. */
export function named<Result>(path: string, check: () => Result): Result {
	try {
		return check();
	} catch (error) {
		throw wrong(path, (error as Error).message);
	}
}

export function wrong(path: string, why: string): TypeError {
	return new TypeError(`${path}: ${why}`);
}
