/** Reads plain data that others wrote: each error is a TypeError that begins with the path of what is wrong. */

/** Reads a value, or throws a TypeError that begins with the path. */
export type Read<Result> = (value: unknown, path: string) => Result;

export function listOf<Result>(
	value: unknown,
	path: string,
	read: Read<Result>,
): Result[] {
	if (!Array.isArray(value))
		throw wrong(path, `expected an array, got ${JSON.stringify(value)}`);
	return Array.from(value, (one, index) => read(one, `${path}[${index}]`));
}

export function mapMembers<Result>(
	value: unknown,
	path: string,
	read: (member: unknown, name: string) => Result,
): Record<string, Result> {
	return Object.fromEntries(
		Object.entries(objectOf(value, path)).map(([name, member]) => [
			name,
			read(member, name),
		]),
	);
}

export function objectOf(
	value: unknown,
	path: string,
): Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value as Record<string, unknown>;
	throw wrong(path, `expected an object, got ${JSON.stringify(value)}`);
}

export function text(value: unknown, path: string): string {
	if (typeof value === "string" && value !== "") return value;
	throw wrong(
		path,
		`expected a string that is not empty, got ${JSON.stringify(value)}`,
	);
}

/** Puts the path before what a check without one throws. */
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
