/** Finds values that JSON would change or lose without an error. It does not convert them. */
import { RefusedError } from "./errors.ts";

/** Deeper values are left to `lossReporter`, because a cycle has no end. */
const PLAIN_DEPTH = 100;

/**
 * Returns whether a value certainly survives JSON: text, booleans, null, finite numbers, valid dates, and arrays and
 * plain objects of these. It is ten times faster than `lossReporter`.
 */
export function isPlain(value: unknown, depth = PLAIN_DEPTH): boolean {
	switch (typeof value) {
		case "string":
		case "boolean":
			return true;
		case "number":
			return Number.isFinite(value);
		case "object":
			break;
		default:
			return false;
	}
	if (value === null) return true;
	if (depth === 0) return false;
	const prototype = Object.getPrototypeOf(value);
	if (prototype === Array.prototype) {
		const list = value as readonly unknown[];
		// `every` would skip the gaps of a sparse array.
		for (let i = 0; i < list.length; i++)
			if (!isPlain(list[i], depth - 1)) return false;
		return true;
	}
	if (prototype === Date.prototype)
		return !Number.isNaN((value as Date).getTime());
	if (prototype !== Object.prototype && prototype !== null) return false;
	for (const key in value) {
		const member = (value as Record<string, unknown>)[key];
		if (member !== undefined && !isPlain(member, depth - 1)) return false;
	}
	return true;
}

/**
 * Returns a replacer for one `JSON.stringify`. It replaces nothing, and rejects a value that JSON would change or lose.
 * A member that is undefined is left out without an error, as is usual in JavaScript.
 *
 * @param what names the whole value, in the error
 */
export function lossReporter(what: string) {
	const paths = new Map<unknown, string>();
	return function (this: unknown, key: string, value: unknown): unknown {
		const parent = paths.get(this);
		const path = parent === undefined ? what : `${parent}.${key}`;
		// Before `toJSON`.
		const given = (this as Record<string, unknown>)[key];
		const mayBeUndefined = parent !== undefined && !Array.isArray(this);
		const loss =
			value === undefined
				? !(mayBeUndefined && given === undefined) && UNDEFINED
				: lossOf(value, given);
		if (loss) throw new RefusedError("invalid_body", `${path}: ${loss}`);
		if (typeof value === "object") paths.set(value, path);
		return value;
	};
}

const UNDEFINED = "JSON cannot represent undefined; give null";

function lossOf(value: unknown, given: unknown): string | undefined {
	switch (typeof value) {
		case "number":
			return Number.isFinite(value) ? undefined : lostNumber(value);
		case "bigint":
			return "JSON cannot represent a BigInt; give text";
		case "function":
		case "symbol":
			return `JSON cannot represent ${typeof value}; give null or plain data`;
		case "object":
			break;
		default:
			return undefined;
	}
	if (value === null)
		return given instanceof Date
			? "JSON would change an invalid Date to null; give a valid Date, or null"
			: undefined;
	if (value instanceof Number) return lossOf(Number(value), given);
	if (value instanceof String || value instanceof Boolean) return undefined;
	if (Array.isArray(value)) return undefined;
	if (typeof (value as { then?: unknown }).then === "function")
		return "JSON cannot represent a promise; await it";
	if (!losesContents(value)) return undefined;
	return `JSON would lose the contents of ${nameOf(value)}; give its data as a plain object, an array or text`;
}

function lostNumber(value: number): string {
	return `JSON would change ${value} to null; give a finite number, or null`;
}

/** Whether data of the object is not in its own enumerable members. */
function losesContents(value: object): boolean {
	if (
		value instanceof Error ||
		value instanceof Map ||
		value instanceof Set ||
		ArrayBuffer.isView(value)
	)
		return true;
	// A plain object may be empty. It may come from another realm, so that its prototype is another one.
	const prototype = Object.getPrototypeOf(value);
	const isPlainObject =
		prototype === null || Object.getPrototypeOf(prototype) === null;
	return !isPlainObject && Object.keys(value).length === 0;
}

function nameOf(value: object): string {
	const tag = Object.prototype.toString.call(value).slice(8, -1);
	const name = tag === "Object" ? value.constructor.name : tag;
	return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}
