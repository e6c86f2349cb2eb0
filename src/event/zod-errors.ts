/**
 * Turns zod's findings into one message: the path of each wrong value, the value, and what is allowed. A Worker
 * that only publishes must not import this file, because it would bundle zod.
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

/** Passed to `safeParse`: applies wherever a schema has no message of its own. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
	switch (issue.code) {
		case "unrecognized_keys": {
			const object = issue.inst as unknown as z.ZodObject;
			return unknownKeyMessage(
				issue.keys[0] as string,
				Object.keys(object.shape),
			);
		}
		case "invalid_type":
			return issue.input === undefined && issue.path?.length
				? "required"
				: `expected ${TYPES[issue.expected as string] ?? issue.expected}, got ${show(issue.input)}`;
		case "invalid_value":
			return `${show(issue.input)} is not allowed: use ${(issue.values as unknown[]).join(", ")}`;
		default:
			return undefined;
	}
}

/** The `error` of an object that may contain a secret: it never shows the value. */
export function withoutValue({ code }: { code?: string }): string | undefined {
	return code === "invalid_type" ? "expected an object" : undefined;
}

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

const TYPES: Record<string, string> = {
	array: "an array",
	boolean: "true or false",
	int: "a whole number",
	number: "a number",
	object: "an object",
	record: "an object",
	string: "a string",
};

/**
 * The issues inside a union or a record's key. A union is described by the one form that the value was meant to
 * have; if there is none, by the union's own message.
 */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
	const inner =
		issue.code === "invalid_union"
			? issue.errors.filter((issues) => issues.every(isOfForm))
			: issue.code === "invalid_key"
				? [issue.issues]
				: [];
	if (inner.length !== 1) return [issue];
	return (inner[0] as z.core.$ZodIssue[]).flatMap((one) =>
		innermost({ ...one, path: [...issue.path, ...one.path] }),
	);
}

function isOfForm({ code, path }: z.core.$ZodIssue): boolean {
	return path.length > 0 || code === "unrecognized_keys";
}

/** Ids of handlers and names of issuers may contain dots and slashes, so these records always have quoted keys. */
const QUOTED: readonly PropertyKey[] = ["routes", "issuers"];

/** `routes["a"].events[1]` */
function pathOf(path: readonly PropertyKey[]): string {
	return path
		.map((key, index) => {
			if (typeof key === "number") return `[${key}]`;
			const parent = path[index - 1];
			const isPlain = /^[\w-]+$/.test(String(key));
			if (!isPlain || (parent !== undefined && QUOTED.includes(parent)))
				return index === 0
					? JSON.stringify(String(key))
					: `[${JSON.stringify(String(key))}]`;
			return index === 0 ? String(key) : `.${String(key)}`;
		})
		.join("");
}
