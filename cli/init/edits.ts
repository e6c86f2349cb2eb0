/** Compares what a configuration has with what it should have, and lists the smallest edits. Pure. */
import { isDeepStrictEqual } from "node:util";

/** Sets the value at a path. An index that an array does not have yet appends to it. */
export interface Edit {
	path: readonly (string | number)[];
	value: unknown;
}

type Table = Record<string, unknown>;

/** The edits after which `before` contains everything in `change`. An entry of an array replaces its namesake. */
export function editsOf(
	before: unknown,
	change: unknown,
	path: Edit["path"] = [],
): Edit[] {
	if (isTable(before) && isTable(change))
		return Object.entries(change).flatMap(([key, value]) =>
			editsOf(before[key], value, [...path, key]),
		);
	if (!Array.isArray(before) || !Array.isArray(change))
		return before === change ? [] : [{ path, value: change }];
	let { length } = before;
	return change.flatMap((value): Edit[] => {
		const index = before.findIndex((one) => isSame(one, value));
		return index < 0
			? [{ path: [...path, length++], value }]
			: editsOf(before[index], value, [...path, index]);
	});
}

/** Makes an edit of a parsed value. Checks that an edit of the text has no other effect. */
export function applyTo(root: unknown, { path, value }: Edit): unknown {
	const [key, ...rest] = path;
	if (key === undefined) return value;
	const parent = (root ?? {}) as Table & unknown[];
	const next = applyTo(parent[key as number], { path: rest, value });
	return Array.isArray(parent)
		? Object.assign([...parent], { [key]: next })
		: { ...(parent as Table), [key]: next };
}

export function isTable(value: unknown): value is Table {
	return Object(value) === value && !Array.isArray(value);
}

/** What names an entry of an array, in a wrangler configuration. */
const NAMES = ["tag", "binding", "name", "queue"] as const;

function isSame(one: unknown, other: unknown): boolean {
	if (isDeepStrictEqual(one, other)) return true;
	return (
		isTable(one) &&
		isTable(other) &&
		NAMES.some((name) => one[name] !== undefined && one[name] === other[name])
	);
}
