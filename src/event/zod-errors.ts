/**
 * Formats the issues of zod as one message: the path of each wrong value, the value, and what is allowed. A publishing
 * Worker must not import this file, because it would bundle zod.
 */
import * as z from "zod";
import { show, unknownKeyMessage } from "./validation.ts";

/**
 * Parses a value.
 *
 * @param where the file or variable that contains the value, such as `tidings.config.ts`
 * @throws TypeError `<where>: <path>: <what is wrong>`, with all wrong values
 */
export function parseOrThrow<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
	where: string,
): z.output<Schema> {
	const result = schema.safeParse(value, { error: describeIssue });
	if (result.success) return result.data;
	throw new TypeError(`${where}: ${messageOf(result.error)}`);
}

/** Describes all issues of an error, each with its path. */
export function messageOf({ issues }: z.ZodError): string {
	return issues
		.flatMap((issue) => innermost(issue))
		.map(({ path, message }) => {
			if (path.length === 0) return message;
			// A check that a publishing Worker shares names its option itself: `timeout: "soon" is not a duration`.
			const name = `${String(path.at(-1))}: `;
			const why = message.startsWith(name)
				? message.slice(name.length)
				: message;
			return `${pathOf(path)}: ${why}`;
		})
		.join("; ");
}

/** An `error` for `safeParse`: applies wherever a schema has no message of its own. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
	const problem = describePrivately(issue);
	if (issue.code === "invalid_value")
		return `${show(issue.input)} is not allowed: ${problem}`;
	return issue.code === "invalid_type" && problem !== REQUIRED
		? `${problem}, got ${show(issue.input)}`
		: problem;
}

/** An `error` for data that may contain a token or a secret: it never shows a value. */
export function describePrivately(
	issue: z.core.$ZodRawIssue,
): string | undefined {
	switch (issue.code) {
		case "unrecognized_keys": {
			const { shape } = issue.inst as unknown as z.ZodObject;
			return unknownKeyMessage(issue.keys[0] as string, Object.keys(shape));
		}
		case "invalid_type":
			return issue.input === undefined && issue.path?.length
				? REQUIRED
				: `expected ${TYPES[issue.expected as string] ?? issue.expected}`;
		case "invalid_value":
			return `use ${(issue.values as unknown[]).join(", ")}`;
		default:
			return undefined;
	}
}

const REQUIRED = "required";

const TYPES: Record<string, string> = {
	array: "an array",
	boolean: "true or false",
	int: "a whole number",
	number: "a number",
	object: "an object",
	record: "an object",
	string: "a string",
};

/** Makes a schema of a function that returns the parsed value, or throws an error that says what is wrong. */
export function checked<Output>(check: (value: unknown) => Output) {
	return z.unknown().transform((value, { issues }) => {
		try {
			return check(value);
		} catch (error) {
			const { message } = error as Error;
			issues.push({ code: "custom", message, input: value });
			return z.NEVER;
		}
	});
}

/**
 * Replaces the issue of a record's key or of a union by its inner issues. For a union these are the issues of the only
 * option that has the type of the value. If no option has that type, the message of the union applies.
 */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
	const inner = innerIssues(issue);
	if (!inner) return [issue];
	return inner.flatMap((one) =>
		innermost({ ...one, path: [...issue.path, ...one.path] }),
	);
}

function innerIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] | undefined {
	if (issue.code === "invalid_key") return issue.issues;
	if (issue.code !== "invalid_union") return undefined;
	const options = issue.errors.filter((issues) => issues.every(isInside));
	return options.length === 1 ? options[0] : undefined;
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
	return path.length > 0 || code === "unrecognized_keys";
}

/** Ids of handlers and names of issuers may contain dots and slashes, so these records always have quoted keys. */
const QUOTED: readonly PropertyKey[] = ["routes", "issuers"];

/** Formats a path: `routes["a"].events[1]`. */
function pathOf(path: readonly PropertyKey[]): string {
	return path
		.map((key, index) => {
			if (typeof key === "number") return `[${key}]`;
			const parent = path[index - 1];
			const isPlain = /^[\w-]+$/.test(String(key));
			const isQuoted =
				!isPlain || (parent !== undefined && QUOTED.includes(parent));
			const text = isQuoted ? JSON.stringify(String(key)) : String(key);
			if (index === 0) return text;
			return isQuoted ? `[${text}]` : `.${text}`;
		})
		.join("");
}
