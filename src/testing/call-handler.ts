/** Calls one handler directly, with an event and a context made for it. It retries nothing and has no timeout. */
import { parseBody } from "../event/definition.ts";
import { RefusedError } from "../event/errors.ts";
import { newId } from "../event/id.ts";
import { bodyText } from "../event/json.ts";
import { rejectUnknownKeys, show } from "../event/validation.ts";
import type { Handler } from "../handlers/handler.ts";

export interface RunOptions {
	/** Counted from 1. Default 1. */
	attempt?: number;
	/** The name of the event. Default: the first one that the handler is registered for. */
	name?: string;
	/** Default: none. */
	tags?: Readonly<Record<string, string>>;
}

/** @throws what the handler throws; RefusedError for an unknown option, or a body that does not match its schema */
export async function callHandler(
	handler: Handler,
	body: unknown,
	options: RunOptions = {},
): Promise<unknown> {
	rejectUnknownKeys("run", options, ["attempt", "name", "tags"]);
	const { attempt = 1, tags = {} } = options;
	const [pattern = ""] = handler.patterns;
	const { name = pattern } = options;
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
			...{ handler: handler.id, attempt, tags },
			signal: new AbortController().signal,
			setTimeout() {},
		},
	);
}
