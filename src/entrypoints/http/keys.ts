/** Authenticates HTTP callers by API key and lists their permissions. The secret `API_KEYS` has digests, never keys. */
import * as z from "zod";
import { ForbiddenError } from "../../event/errors.ts";
import { isPattern } from "../../event/name.ts";
import type { PublishPermission } from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import {
	describeIssue,
	describePrivately,
	messageOf,
} from "../../event/zod-errors.ts";
import { log } from "../../platform/log.ts";
import { HttpError } from "./problem.ts";

const SCOPES = "publish, publish:<pattern>, read or admin";

/** The messages contain no digests. */
const Keys = z.array(
	z.strictObject(
		{
			id: z
				.string("give a text")
				.regex(
					/^[A-Za-z0-9-]{1,64}$/,
					"use 1 to 64 characters of A-Z a-z 0-9 -",
				),
			scopes: z.array(
				z.custom<string>(isScope, {
					error: ({ input }) => `invalid scope ${show(input)}; use ${SCOPES}`,
				}),
			),
			digest: z
				.string("give a text")
				.regex(
					/^[0-9a-f]{64}$/,
					"use the 64 hex digits that npm run key stores",
				),
		},
		{ error: describePrivately },
	),
	"give a JSON array of { id, scopes, digest }",
);

function isScope(scope: unknown): boolean {
	if (typeof scope !== "string") return false;
	const [name, pattern] = scope.split(/:(.*)/s);
	return pattern === undefined
		? ["publish", "read", "admin"].includes(scope)
		: name === "publish" && isPattern(pattern);
}

type Key = z.infer<typeof Keys>[number];

/** An authenticated caller and its permissions. */
export interface Caller {
	id: string;
	publish: PublishPermission;
	read: boolean;
	admin: boolean;
	/** A user's token that was sent instead of an API key. It is not verified yet. */
	token?: string;
}

/** Stands in for an unknown id, so that the comparison takes the same time. No key has this digest. */
const NO_KEY: Key = { id: "", scopes: [], digest: "0".repeat(64) };

/**
 * Authenticates a caller by its key, `tid_<id>_<secret>`. Digests are compared in constant time, and an unknown id
 * takes as long as a wrong secret.
 *
 * @param secret the value of `API_KEYS`: JSON, `[{ id, scopes, digest }]`; without it no key is valid
 * @throws HttpError `unauthorized`
 */
export async function authenticate(
	authorization: string | undefined,
	secret: unknown,
): Promise<Caller> {
	const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
	if (token === undefined)
		throw new HttpError(
			"unauthorized",
			"the request has no API key; send `Authorization: Bearer <key>`",
		);
	const [, id] = /^tid_([A-Za-z0-9-]+)_/.exec(token) ?? [];
	const key = keysIn(secret).find((known) => known.id === id) ?? NO_KEY;
	const digest = await crypto.subtle.digest(
		"SHA-256",
		new TextEncoder().encode(token),
	);
	if (!crypto.subtle.timingSafeEqual(digest, bytesOf(key.digest)))
		throw new HttpError("unauthorized", "the API key is not valid");
	return callerOf(key);
}

let parsed: { secret: string; keys: Key[] } | undefined;

let hasWarned = false;

function keysIn(secret: unknown): Key[] {
	if (typeof secret !== "string" || secret.trim() === "") {
		if (!hasWarned)
			log("api_keys_missing", {
				hint: "put API_KEYS into .dev.vars locally, or run npx wrangler secret put API_KEYS for a deployed Worker",
			});
		hasWarned = true;
		return [];
	}
	if (parsed?.secret !== secret) parsed = { secret, keys: parse(secret) };
	return parsed.keys;
}

/** An invalid secret has no keys, and the log says why. */
function parse(secret: string): Key[] {
	const result = Keys.safeParse(jsonOf(secret), { error: describeIssue });
	if (result.success) return result.data;
	log("api_keys_unreadable", { reason: messageOf(result.error) });
	return [];
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function callerOf({ id, scopes }: Key): Caller {
	const admin = scopes.includes("admin");
	const patterns = scopes.flatMap((scope) =>
		scope.startsWith("publish:") ? [scope.slice(8)] : [],
	);
	return {
		id,
		admin,
		read: admin || scopes.includes("read"),
		publish: admin || scopes.includes("publish") ? "all" : patterns,
	};
}

/** @throws ForbiddenError if the caller does not have the scope */
export function requireScope(caller: Caller, scope: "read" | "admin"): void {
	if (caller[scope]) return;
	throw new ForbiddenError(
		`the key ${JSON.stringify(caller.id)} does not have the scope "${scope}"; create a key that has it`,
	);
}

function bytesOf(hex: string): Uint8Array {
	return Uint8Array.from(hex.match(/../g) ?? [], (pair) =>
		Number.parseInt(pair, 16),
	);
}
