/** Serializes thrown values for queues, dead letters and the log. It never throws. */
import type { Issue } from "./errors.ts";
import { byteLength, cutToBytes } from "./json.ts";
import { ERROR_BYTES } from "./limits.ts";

export interface Failure {
	name: string;
	message: string;
	stack?: string;
	/** The first ten issues of the schema, if the body does not match it. */
	issues?: Issue[];
	/** The `cause` of the error, which may have a cause, too. */
	cause?: Failure;
	/** The first members of an `AggregateError`. */
	errors?: Failure[];
}

/** Number of issues in a failure. Together they have a quarter of the bytes. */
const ISSUES = 10;

/** Levels of causes and members below an error. */
const LEVELS = 9;

/** Causes and members of one error. */
const NESTED = 10;

/** A cause or a member with fewer bytes would say too little. */
const NESTED_BYTES = 300;

/** Serializes a thrown value, an `Error` or not, with its causes as at most 8 KB of JSON. */
export function serializeError(
	thrown: unknown,
	issues?: readonly Issue[],
): Failure {
	// Issues are the cause of their error.
	if (!issues) return serialize(thrown, ERROR_BYTES, []);
	const share = ERROR_BYTES / 4 / ISSUES / 2;
	return {
		...ownPart(thrown, ERROR_BYTES),
		issues: issues.slice(0, ISSUES).map((issue) => ({
			path: cutToBytes(issue.path, share),
			message: cutToBytes(issue.message, share),
		})),
	};
}

/** @param above the errors that this one is a cause or a member of */
function serialize(
	thrown: unknown,
	bytes: number,
	above: readonly unknown[],
): Failure {
	const path = [...above, thrown];
	const cause = above.length < LEVELS ? causeOf(thrown, path) : [];
	const errors = above.length < LEVELS ? membersOf(thrown, path) : [];
	const nested = [...cause, ...errors].slice(0, NESTED);
	// An outer error says more than the errors below it, which share the rest.
	const own = ownPart(thrown, nested.length > 0 ? bytes / 2 : bytes);
	const rest = bytes - byteLength(JSON.stringify(own)) - KEYS_BYTES;
	const count = Math.min(nested.length, Math.floor(rest / NESTED_BYTES));
	const parts = nested
		.slice(0, count)
		.map((one) => serialize(one, Math.floor(rest / count), path));
	const members = parts.slice(cause.length);
	return {
		...own,
		...(cause.length > 0 && parts[0] && { cause: parts[0] }),
		...(members.length > 0 && { errors: members }),
	};
}

/** Bytes of the keys and commas around causes and members. */
const KEYS_BYTES = 40;

function ownPart(thrown: unknown, bytes: number): Failure {
	const name = read(thrown, "name") ?? typeName(thrown);
	const message = read(thrown, "message") ?? show(thrown);
	const stack = read(thrown, "stack");
	return {
		name: cutToBytes(name, Math.min(128, bytes / 8)),
		message: cutToBytes(message, bytes / 4),
		...(stack !== undefined && { stack: cutToBytes(stack, (bytes * 7) / 16) }),
	};
}

function causeOf(thrown: unknown, path: readonly unknown[]): unknown[] {
	const cause = get(thrown, "cause");
	return cause === undefined || path.includes(cause) ? [] : [cause];
}

function membersOf(thrown: unknown, path: readonly unknown[]): unknown[] {
	try {
		const members = get(thrown, "errors");
		return Array.isArray(members)
			? members.slice(0, NESTED).filter((one) => !path.includes(one))
			: [];
	} catch {
		// A getter that throws.
		return [];
	}
}

function read(thrown: unknown, property: string): string | undefined {
	const value = get(thrown, property);
	return typeof value === "string" ? value : undefined;
}

function get(thrown: unknown, property: string): unknown {
	try {
		return typeof thrown === "object"
			? (thrown as Record<string, unknown>)[property]
			: undefined;
	} catch {
		// Null, or a getter that throws.
		return undefined;
	}
}

function typeName(thrown: unknown): string {
	if (thrown === null) return "null";
	try {
		const { name } = Object(get(thrown, "constructor"));
		if (typeof name === "string" && !["", "Object"].includes(name)) return name;
	} catch {
		// A static getter that throws.
	}
	return typeof thrown;
}

/** Returns a text itself, an object as JSON, and any other value as text. */
function show(thrown: unknown): string {
	try {
		return typeof thrown === "object"
			? (JSON.stringify(thrown, shower()) ?? String(thrown))
			: String(thrown);
	} catch {
		return "a value that cannot be shown";
	}
}

/** Returns a replacer for one `JSON.stringify` that shows values which JSON would reject or lose. */
function shower() {
	const seen = new Set<unknown>();
	return (_: string, value: unknown): unknown => {
		if (typeof value === "bigint") return `${value}n`;
		if (typeof value === "number" || typeof value === "symbol")
			return Number.isFinite(value) ? value : String(value);
		if (typeof value === "function") return `function ${value.name}`;
		if (typeof value !== "object" || value === null) return value;
		if (seen.has(value)) return "(circular, or shown before)";
		seen.add(value);
		if (value instanceof Error) return String(value);
		if (value instanceof Map || value instanceof Set) return [...value];
		return Object.keys(value).length > 0 || isPlain(value)
			? value
			: inherited(value);
	};
}

function isPlain(value: object): boolean {
	return Object.prototype.toString.call(value) === "[object Object]";
}

/** The properties of the platform's classes, such as the status of a `Response`, belong to their prototypes. */
function inherited(value: object): unknown {
	const shown: Record<string, unknown> = {};
	for (const key in value) {
		const member = (value as Record<string, unknown>)[key];
		if (typeof member !== "object" && typeof member !== "function")
			shown[key] = member;
	}
	return Object.keys(shown).length > 0 ? shown : String(value);
}
