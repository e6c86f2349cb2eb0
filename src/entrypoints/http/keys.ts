/** Authenticates HTTP callers by API key and lists their permissions. The secret `API_KEYS` has digests, never keys. */
import * as z from "zod";
import { isLocalHost } from "../../config/key-options.ts";
import { ForbiddenError } from "../../event/errors.ts";
import { isPattern } from "../../event/name.ts";
import { EVERY_NAME, type PublishPermission } from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import {
	describeIssue,
	describePrivately,
	messageOf,
} from "../../event/zod-errors.ts";
import { isDeployed, secret } from "../../platform/environment.ts";
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
					"use the 64 hex digits that npx tidings key stores",
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

/** An API key as the secret has it. */
export type Key = z.infer<typeof Keys>[number];

/** An authenticated caller and its permissions. */
export interface Caller {
	/** Of the API key. Empty for a user. */
	id: string;
	publish: PublishPermission;
	read: boolean;
	admin: boolean;
	/** The verified token of a user, and what identifies the user. */
	user?: { token: string; id: string };
}

/** Stands in for an unknown id, so that the comparison takes the same time. No key has this digest. */
const NO_KEY: Key = { id: "", scopes: [], digest: "0".repeat(64) };

/** The digest of the key for local development. The key is public, because it is in the documents. */
const LOCAL_DIGEST =
	"24ed60a4ed93c1b9ebe007ab57caac0ed6a05ccdbd470eebee62af6ff87335ff";

/** Callers that a binding identifies, by their requests. */
const bound = new WeakMap<Request, Caller>();

/**
 * Identifies the caller of a request by its binding instead of a key.
 *
 * @param scopes as those of a key
 */
export function identify(
	request: Request,
	id: string,
	scopes: readonly string[],
): void {
	bound.set(request, permissionsOf({ id, scopes }));
}

/** Authenticates a request by its binding or its API key. @throws as `authenticate` does */
export async function callerOf(request: Request): Promise<Caller> {
	const known = bound.get(request);
	if (known) return known;
	return authenticate(
		request.headers.get("authorization") ?? undefined,
		await secret("API_KEYS"),
		isLocalRequest(request),
	);
}

/** Whether the key for local development is valid: on this machine, and never deployed, whatever the host is called. */
export function isLocalRequest({ url }: Request): boolean {
	return !isDeployed() && isLocalHost(new URL(url).hostname);
}

/**
 * Authenticates a caller by its key, `tid_<id>_<secret>`. Digests are compared in constant time, and an unknown id
 * takes as long as a wrong secret. Several keys may have one id, so that a new key can replace an old one.
 *
 * @param secret the value of `API_KEYS`: JSON, `[{ id, scopes, digest }]`; without it no key is valid
 * @param isLocal whether the key for local development is valid
 * @throws HttpError `unauthorized`
 */
export async function authenticate(
	authorization: string | undefined,
	secret: unknown,
	isLocal = false,
): Promise<Caller> {
	const token = bearerOf(authorization);
	if (token === undefined)
		throw new HttpError(
			"unauthorized",
			"the request has no API key; send `Authorization: Bearer <key>`",
		);
	return permissionsOf(await findKey(token, secret, isLocal));
}

/**
 * Returns the key that a token is. Takes the same time for an unknown id as for a wrong secret.
 *
 * @throws HttpError `unauthorized`
 */
export async function findKey(
	token: string,
	secret: unknown,
	isLocal: boolean,
): Promise<Key> {
	const [, id] = /^tid_([A-Za-z0-9-]+)_/.exec(token) ?? [];
	const known = keysIn(secret).filter((key) => key.id === id);
	const digest = await crypto.subtle.digest(
		"SHA-256",
		new TextEncoder().encode(token),
	);
	const [key] = (known.length > 0 ? known : [NO_KEY]).filter((key) =>
		crypto.subtle.timingSafeEqual(digest, bytesOf(key.digest)),
	);
	if (!key) throw new HttpError("unauthorized", "the API key is not valid");
	if (key.digest === LOCAL_DIGEST && !isLocal)
		throw new HttpError(
			"unauthorized",
			"this API key is public: it is valid only in local development, for requests to localhost; create a key with npx tidings key, or start wrangler dev with --local-upstream localhost if it has routes",
		);
	return key;
}

/** Returns the keys of an id, without the public one unless the request is local. */
export function keysWithId(
	id: string,
	secret: unknown,
	isLocal: boolean,
): Key[] {
	return keysIn(secret).filter(
		(key) => key.id === id && (isLocal || key.digest !== LOCAL_DIGEST),
	);
}

/** Lists all keys without their digests, in the order of the secret. */
export function listKeys(secret: unknown): Pick<Key, "id" | "scopes">[] {
	return keysIn(secret).map(({ id, scopes }) => ({ id, scopes }));
}

export function bearerOf(
	authorization: string | undefined,
): string | undefined {
	return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
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

export function permissionsOf({
	id,
	scopes,
}: Pick<Key, "id"> & { scopes: readonly string[] }): Caller {
	const admin = scopes.includes("admin");
	const patterns = scopes.flatMap((scope) =>
		scope.startsWith("publish:") ? [scope.slice(8)] : [],
	);
	let publish: PublishPermission = patterns;
	if (scopes.includes("publish")) publish = EVERY_NAME;
	if (admin) publish = "all";
	return { id, admin, read: admin || scopes.includes("read"), publish };
}

/** A caller in errors. Only a person behind Cloudflare Access has an id with a colon. */
export function nameOf({ id }: Caller): string {
	const text = JSON.stringify(id);
	return id.includes(":") ? text : `the key ${text}`;
}

/** @throws ForbiddenError if the caller does not have the scope */
export function requireScope(caller: Caller, scope: "read" | "admin"): void {
	if (caller[scope]) return;
	throw new ForbiddenError(
		caller.user
			? `a user does not have the scope "${scope}"; use an API key that has it`
			: `${nameOf(caller)} does not have the scope "${scope}"; use one that has it`,
	);
}

/** @param hex two digits for each byte */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(hex.match(/../g) ?? [], (pair) =>
		Number.parseInt(pair, 16),
	);
}
