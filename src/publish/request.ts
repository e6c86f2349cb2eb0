/** Reads the arguments of a publish, at every entry point. It does not check names, bodies and times. */
import type { CloudEventAttributes } from "../event/cloud-events/attributes.ts";
import { type Definition, isDefinition } from "../event/definition.ts";
import { mapAtIndex, RefusedError } from "../event/errors.ts";
import { unknownKeyMessage } from "../event/validation.ts";

/** A request to publish. Only its keys were checked. */
export interface PublishRequest {
	name: string;
	body: unknown;
	after?: unknown;
	/** Not checked. */
	lane?: string | undefined;
	/** Not checked. */
	tags?: unknown;
	/** Not checked. */
	traceparent?: unknown;
	/** Not checked. */
	idempotencyKey?: unknown;
	/** Who publishes: the id of an API key, or the name of an app; absent for the Worker that owns the events. */
	by?: string;
	/** The checked attributes of a CloudEvent, if the event was published as one. */
	cloudEvent?: CloudEventAttributes;
	/** The definition, if the caller published by one. */
	definition?: Definition;
}

/**
 * Reads arguments by their number alone. The name is not read as a definition: a value from outside may look like one,
 * and its schema must not be called.
 *
 * @throws RefusedError `invalid_request`, `not_supported`
 */
export function requestOf(args: readonly unknown[]): PublishRequest {
	if (args.length < 1 || args.length > 3)
		throw new RefusedError(
			"invalid_request",
			`publish: ${args.length} arguments; give (name), (name, body) or (name, options, body)`,
		);
	const options = readOptions(args.length === 3 ? args[1] : undefined);
	const body = args.length === 1 ? null : args.at(-1);
	return { name: args[0] as string, body, ...options };
}

/** Reads arguments whose first may be a definition, inside one Worker. */
export function localRequestOf([
	target,
	...rest
]: readonly unknown[]): PublishRequest {
	return isDefinition(target)
		? { ...requestOf([target.name, ...rest]), definition: target }
		: requestOf([target, ...rest]);
}

/** Returns what the log says of a publish that may be invalid: the name. */
export function subjectOf([target]: readonly unknown[]): { name?: string } {
	const name = isDefinition(target) ? target.name : target;
	return typeof name === "string" ? { name } : {};
}

/** Returns what the log says of a batch that may be invalid: the first name, and the number of events. */
export function subjectOfBatch(items: unknown) {
	if (!Array.isArray(items)) return {};
	return { ...subjectOf([Object(items[0]).name]), count: items.length };
}

/** Reads a batch. @throws RefusedError `invalid_request`, `not_supported`, with the index */
export function requestsOf(items: unknown): PublishRequest[] {
	if (!Array.isArray(items))
		throw new RefusedError(
			"invalid_request",
			"publishBatch: the argument is not an array; give an array of { name, body, after?, lane? }",
		);
	return mapAtIndex(items, requestOfItem);
}

/**
 * Reads one event of a batch. A missing `body` is null, as in `publish(name)`. One that is undefined is rejected later.
 */
export function requestOfItem(item: unknown): PublishRequest {
	const members = readObject(item, "an event of a batch");
	checkOptions(members, ITEM_MEMBERS, "");
	const {
		name,
		body = null,
		...options
	} = members as unknown as PublishRequest;
	return "body" in members && members.body === undefined
		? { name, body: undefined, ...options }
		: { name, body, ...options };
}

type Options = Pick<
	PublishRequest,
	"after" | "lane" | "tags" | "traceparent" | "idempotencyKey"
>;

const OPTIONS = ["after", "lane", "tags", "traceparent", "idempotencyKey"];
const ITEM_MEMBERS = ["name", "body", ...OPTIONS];

function readOptions(value: unknown): Options {
	if (value === undefined) return {};
	const options = readObject(value, "options");
	checkOptions(options, OPTIONS, "publish(name, options, body): ");
	return options as Options;
}

function checkOptions(
	members: Record<string, unknown>,
	known: readonly string[],
	hint: string,
): void {
	const keys = Object.keys(members);
	const unknown = keys.find((key) => !known.includes(key));
	if (unknown === undefined) return;
	refuseUnsupported(keys);
	throw new RefusedError(
		"invalid_request",
		hint + unknownKeyMessage(unknown, known),
	);
}

/** @throws RefusedError `not_supported` for keys that users may expect */
function refuseUnsupported(members: readonly string[]): void {
	if (members.includes("id"))
		throw new RefusedError(
			"not_supported",
			"id: Tidings creates the id of an event: put your own id into the body, or give it as the idempotencyKey",
		);
}

function readObject(value: unknown, what: string): Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value as Record<string, unknown>;
	throw new RefusedError(
		"invalid_request",
		`${what}: expected an object, got ${typeName(value)}`,
	);
}

function typeName(value: unknown): string {
	if (value === null) return "null";
	return Array.isArray(value) ? "an array" : typeof value;
}
