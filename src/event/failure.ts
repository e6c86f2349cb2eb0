/** Serializes thrown values for queues and dead letters. It never throws. */
import type { Issue } from "./errors.ts";
import { cutToBytes } from "./json.ts";
import { ERROR_BYTES } from "./limits.ts";

export interface Failure {
	name: string;
	message: string;
	stack?: string;
	/** The first ten issues of the schema, if the body does not match it. */
	issues?: Issue[];
}

/** Number of issues in a failure. Together they have a quarter of the bytes. */
const ISSUES = 10;

/** Serializes a thrown value, an `Error` or not, as at most 8 KB of JSON. */
export function serializeError(
	thrown: unknown,
	issues?: readonly Issue[],
): Failure {
	const name = read(thrown, "name") ?? typeName(thrown);
	const message = read(thrown, "message") ?? show(thrown);
	const stack = read(thrown, "stack");
	const share = ERROR_BYTES / 4 / ISSUES / 2;
	return {
		name: cutToBytes(name, 128),
		message: cutToBytes(message, ERROR_BYTES / 4),
		...(stack !== undefined && {
			stack: cutToBytes(stack, ERROR_BYTES / 2 - 512),
		}),
		...(issues && {
			issues: issues.slice(0, ISSUES).map((issue) => ({
				path: cutToBytes(issue.path, share),
				message: cutToBytes(issue.message, share),
			})),
		}),
	};
}

function read(thrown: unknown, property: string): string | undefined {
	try {
		if (typeof thrown !== "object") return undefined;
		const value = (thrown as Record<string, unknown>)[property];
		return typeof value === "string" ? value : undefined;
	} catch {
		// Null, or a getter that throws.
	}
	return undefined;
}

function typeName(thrown: unknown): string {
	return thrown === null ? "null" : typeof thrown;
}

function show(thrown: unknown): string {
	try {
		return typeof thrown === "string"
			? thrown
			: (JSON.stringify(thrown) ?? String(thrown));
	} catch {
		return "a value that cannot be shown";
	}
}
