/**
 * Checks what travels with an event next to its body: tags, the trace context, the publisher, and the attributes of a
 * CloudEvent. It stores nothing.
 */
import type { Definition } from "../event/definition.ts";
import type { Envelope } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import type { PublishRequest } from "./request.ts";

/** The members of an envelope that are not a part of the event. */
export type Labels = Pick<Envelope, "tags" | "trace" | "by" | "cloudEvent">;

const MOST_TAGS = 8;
const TAG_LENGTH = 64;
const KEY = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** The form of `traceparent` (W3C Trace Context, 3.2). */
const TRACE = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Returns the labels of an event. Tags of the call replace those of the definition.
 *
 * @param body as handlers will receive it
 * @throws RefusedError `invalid_request`
 */
export function labelsOf(
	{ tags, traceparent, by, cloudEvent }: PublishRequest,
	definition: Definition | undefined,
	body: () => unknown,
): Labels {
	const own = definition?.tags ? ownTags(definition, body()) : {};
	const all = { ...own, ...checkTags(tags, "tags") };
	const names = Object.keys(all);
	if (names.length > MOST_TAGS)
		throw new RefusedError(
			"invalid_request",
			`tags: ${names.length} tags; give at most ${MOST_TAGS}`,
		);
	const labels: Labels = {};
	if (names.length > 0) labels.tags = all;
	if (traceparent !== undefined) labels.trace = checkTrace(traceparent);
	if (by !== undefined) labels.by = by;
	if (cloudEvent) labels.cloudEvent = cloudEvent;
	return labels;
}

/** The tags that a definition computes. @throws RefusedError `invalid_request`, also if its function throws */
export function ownTags({ name, tags }: Definition, body: unknown) {
	try {
		return checkTags(tags?.(body), `tags of ${JSON.stringify(name)}`);
	} catch (error) {
		if (error instanceof RefusedError) throw error;
		throw new RefusedError(
			"invalid_request",
			`tags of ${JSON.stringify(name)}: the function failed: ${(error as Error)?.message ?? error}; correct it`,
		);
	}
}

/** A tag without a value is left out. A number or a boolean becomes text. */
function checkTags(tags: unknown, what: string): Record<string, string> {
	if (tags === undefined || tags === null) return {};
	if (typeof tags !== "object" || Array.isArray(tags))
		throw new RefusedError(
			"invalid_request",
			`${what}: expected an object, got ${show(tags)}; give { customer: "c42" }`,
		);
	const checked: Record<string, string> = {};
	for (const [key, value] of Object.entries(tags)) {
		if (value === undefined || value === null) continue;
		if (!KEY.test(key) || key.length > TAG_LENGTH)
			throw new RefusedError(
				"invalid_request",
				`${what}: ${show(key)} is not a key; give a letter and up to ${TAG_LENGTH - 1} of A-Z a-z 0-9 _ -`,
			);
		const text = ["string", "number", "boolean"].includes(typeof value)
			? String(value)
			: "";
		if (text === "" || text.length > TAG_LENGTH)
			throw new RefusedError(
				"invalid_request",
				`${what}.${key}: ${show(value)} is not a value; give a text of 1 to ${TAG_LENGTH} characters, a number or a boolean`,
			);
		checked[key] = text;
	}
	return checked;
}

function checkTrace(trace: unknown): string {
	if (isTrace(trace)) return trace;
	throw new RefusedError(
		"invalid_request",
		`traceparent: ${show(trace)} is not a trace context; give the value of the header traceparent, such as "00-<32 hex digits>-<16 hex digits>-01"`,
	);
}

/** A header that is not valid is ignored, as W3C Trace Context asks. */
export function isTrace(value: unknown): value is string {
	return typeof value === "string" && TRACE.test(value);
}
