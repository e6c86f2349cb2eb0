/** How a Worker lists its handlers to the owner of the events, and how the owner reads that list. */
import { LISTED_HANDLERS } from "../event/limits.ts";
import { isPattern } from "../event/name.ts";
import { log } from "../platform/log.ts";
import { type Handler, isHandlerId, isTimeout } from "./handler.ts";
import { type Policy, policyFrom } from "./retry-policy.ts";

/** A handler as its Worker lists it. */
export interface HandlerListing {
	/** The handler's id in its own Worker. */
	id: string;
	patterns: readonly string[];
	/** Milliseconds; absent if the handler sets none. */
	timeout?: number;
	/** Absent if the handler sets none. */
	policy?: Policy;
	/** JSON Schema of the bodies that it accepts, if its definition has one. */
	schema?: object;
}

export function listingOf({
	id,
	patterns,
	timeout,
	policy,
	schema,
}: Handler): HandlerListing {
	const jsonSchema = schema && jsonSchemaOf(schema);
	return {
		id,
		patterns,
		...(timeout !== undefined && { timeout }),
		...(policy && { policy }),
		...(jsonSchema && { schema: jsonSchema }),
	};
}

/**
 * Reads the list of another Worker, whose deploy may be older or newer than this one. An unreadable timeout or
 * policy is left out. An unreadable id or pattern rejects the whole list: it decides whether a handler runs.
 *
 * @throws TypeError unless it is a list of at most 1 000 handlers
 */
export function listingsFrom(value: unknown): HandlerListing[] {
	if (!Array.isArray(value) || value.length > LISTED_HANDLERS)
		throw new TypeError(
			`the answer is not a list of at most ${LISTED_HANDLERS} handlers`,
		);
	const list = value.map(listingFrom);
	if (new Set(list.map(({ id }) => id)).size < list.length)
		throw new TypeError("the answer lists one id twice");
	return list;
}

function listingFrom(value: unknown): HandlerListing {
	const { id, patterns, timeout, policy, schema } = Object(value);
	if (!(isHandlerId(id) || isAppHandlerId(id)) || !Array.isArray(patterns))
		throw new TypeError("the answer lists something that is not a handler");
	if (!patterns.every((one) => typeof one === "string" && isPattern(one)))
		throw new TypeError(`the patterns of ${id} cannot be read`);
	const readable = policy && readablePolicy(id, policy);
	return {
		id,
		patterns,
		...(typeof timeout === "number" && isTimeout(timeout) && { timeout }),
		...(readable && { policy: readable }),
		...(schema && { schema }),
	};
}

/** `@scope/app/event/handler` with the longest names is longer than an id that people may choose. */
function isAppHandlerId(id: unknown): boolean {
	return typeof id === "string" && /^@[A-Za-z0-9_./-]{1,199}$/.test(id);
}

function readablePolicy(id: string, policy: Policy): Policy | undefined {
	try {
		return policyFrom(policy);
	} catch (error) {
		log("retry_policy_unreadable", { handler: id, error });
		return undefined;
	}
}

/** Uses Standard JSON Schema. Returns undefined for a schema that cannot describe itself. */
export function jsonSchemaOf(
	schema: Handler["schema"],
	target: "draft-2020-12" | "draft-07" = "draft-2020-12",
): object | undefined {
	const { jsonSchema } = (schema?.["~standard"] ?? {}) as {
		jsonSchema?: { input(options: { target: string }): object };
	};
	try {
		const described = jsonSchema?.input({ target });
		// Functions in it cannot cross to the owner.
		return described && JSON.parse(JSON.stringify(described));
	} catch {
		return undefined;
	}
}
