/** What a caller asks for when publishing, read from arguments alike at every door. */
import { type Definition, isDefinition } from "../event/definition.ts";
import { mapAtIndex, RefusedError } from "../event/errors.ts";
import { unknownKeyMessage } from "../event/validation.ts";

/** A request to publish, not yet checked but for its members. */
export interface PublishRequest {
	name: string;
	body: unknown;
	after?: unknown;
	/** The lane to travel by; as it was given. */
	lane?: string | undefined;
	/** The definition it came with, when it came with one. */
	definition?: Definition;
}

/**
 * Tells the arguments apart by their number alone. The name is taken as it is: what comes from outside may
 * look like a definition, and its schema must not be called.
 *
 * @throws RefusedError `invalid_request`, `not_supported`
 */
export function requestOf(args: readonly unknown[]): PublishRequest {
	if (args.length < 1 || args.length > 3)
		throw new RefusedError(
			"invalid_request",
			`publish: ${args.length} arguments: it takes (name), (name, body) or (name, options, body)`,
		);
	const { after, lane } = readOptions(args.length === 3 ? args[1] : undefined);
	const body = args.length === 1 ? null : args.at(-1);
	return { name: args[0] as string, body, after, lane };
}

/** The same where the first argument may be a definition: inside one Worker. */
export function localRequestOf([
	target,
	...rest
]: readonly unknown[]): PublishRequest {
	return isDefinition(target)
		? { ...requestOf([target.name, ...rest]), definition: target }
		: requestOf([target, ...rest]);
}

/** Reads a batch. @throws RefusedError `invalid_request`, `not_supported`, with the index */
export function requestsOf(items: unknown): PublishRequest[] {
	if (!Array.isArray(items))
		throw new RefusedError(
			"invalid_request",
			"publishBatch: expected an array of { name, body, after?, lane? }",
		);
	return mapAtIndex(items, requestOfItem);
}

/** Reads one event of a batch; a `body` that is not there is refused later, as undefined. */
export function requestOfItem(item: unknown): PublishRequest {
	const members = readObject(item, "an event of a batch");
	checkOptions(members, ITEM_MEMBERS, "");
	const { name, body, after, lane } = members as Record<string, unknown> &
		PublishRequest;
	return { name, body, after, lane };
}

type Options = Pick<PublishRequest, "after" | "lane">;

const OPTIONS = ["after", "lane"];
const ITEM_MEMBERS = ["name", "body", ...OPTIONS];

function readOptions(value: unknown): Options {
	if (value === undefined) return {};
	const options = readObject(value, "options");
	checkOptions(options, OPTIONS, "publish takes (name, options, body): ");
	return options as Options;
}

/** Copies nothing: this is done for each event of a batch. */
function checkOptions(
	members: Record<string, unknown>,
	known: readonly string[],
	hint: string,
): void {
	for (const name in members) {
		if (known.includes(name) || !Object.hasOwn(members, name)) continue;
		refuseUnsupported(Object.keys(members));
		throw new RefusedError(
			"invalid_request",
			hint + unknownKeyMessage(name, known),
		);
	}
}

/** @throws RefusedError `not_supported` for a member that has a meaning which is not built yet */
export function refuseUnsupported(members: readonly string[]): void {
	if (members.includes("idempotencyKey"))
		throw new RefusedError(
			"not_supported",
			"idempotencyKey: not supported yet: publish without it, and let handlers skip an event id that they have seen",
		);
	if (members.includes("id"))
		throw new RefusedError(
			"not_supported",
			"id: an event's id is always made by Tidings: put your own into the body",
		);
}

function readObject(value: unknown, what: string): Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value as Record<string, unknown>;
	throw new RefusedError(
		"invalid_request",
		`${what}: expected an object, got ${value === null ? "null" : Array.isArray(value) ? "an array" : typeof value}`,
	);
}
