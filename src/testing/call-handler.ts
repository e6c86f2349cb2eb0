/** Calls one handler directly, with an event and a context made for it. It retries nothing and has no timeout. */
import { parseBody } from "../event/definition.ts";
import { RefusedError } from "../event/errors.ts";
import { newId } from "../event/id.ts";
import { bodyText } from "../event/json.ts";
import { checkName, isName, matches } from "../event/name.ts";
import { rejectUnknownKeys, show } from "../event/validation.ts";
import type { Handler } from "../handlers/handler.ts";

export interface RunOptions {
	/** Counted from 1. Default 1. */
	attempt?: number;
	/**
	 * The name of the event, which the handler must be registered for. Default: the first name that it is registered
	 * for. A handler that is registered for patterns only has no default.
	 */
	name?: string;
	/** Default: none. */
	tags?: Readonly<Record<string, string>>;
}

/**
 * @throws what the handler throws; RefusedError for an unknown option, a name that the handler does not match, or a
 * body that does not match its schema
 */
export async function callHandler(
	handler: Handler,
	body: unknown,
	options: RunOptions = {},
): Promise<unknown> {
	rejectUnknownKeys("run", options, ["attempt", "name", "tags"]);
	const { attempt = 1, tags = {} } = options;
	const name = nameFor(handler, options.name);
	const time = Date.now();
	// The body travels as JSON, so a date arrives as a text.
	const sent: unknown = JSON.parse(bodyText(body));
	const parsed = handler.schema
		? await parseBody(handler.schema, sent)
		: { value: sent };
	if ("issues" in parsed)
		throw new RefusedError(
			"schema_violation",
			`run: ${show(body)} is not a body of ${name}: ${parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}`,
		);
	return handler.run(
		{ id: newId(time, 1), name, body: parsed.value, time, delay: 0 },
		{
			handler: handler.id,
			attempt,
			tags,
			signal: new AbortController().signal,
			setTimeout() {},
		},
	);
}

/** @throws RefusedError `invalid_name` */
function nameFor({ id, patterns }: Handler, given?: string): string {
	// The handlers of apps have none.
	if (patterns.length === 0) return given ?? "";
	const name = given ?? patterns.find(isName);
	const listed = patterns.join(", ");
	if (name === undefined)
		throw new RefusedError(
			"invalid_name",
			`run: ${show(id)} is registered for ${listed}, which is no name of an event; give one that matches, run(${show(id)}, body, { name: "…" })`,
		);
	checkName(name);
	if (patterns.some((pattern) => matches(pattern, name))) return name;
	throw new RefusedError(
		"invalid_name",
		`run: name: ${show(name)} does not match ${listed}, which ${show(id)} is registered for; give a name that does`,
	);
}
