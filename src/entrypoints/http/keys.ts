/** Who comes in over HTTP: API keys, kept as digests in the secret `API_KEYS`, and what each may do. */
import * as z from "zod";
import { ForbiddenError } from "../../event/errors.ts";
import { isPattern } from "../../event/name.ts";
import type { PublishPermission } from "../../event/permission.ts";
import { HttpError } from "./problem.ts";

const Scope = z
	.string()
	.refine(
		(scope) =>
			["publish", "read", "admin"].includes(scope) ||
			(scope.startsWith("publish:") && isPattern(scope.slice(8))),
		'a scope is "publish", "publish:<pattern>", "read" or "admin"',
	);

const Keys = z.array(
	z.strictObject({
		id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
		scopes: z.array(Scope),
		digest: z.string().regex(/^[0-9a-f]{64}$/),
	}),
);

type Key = z.infer<typeof Keys>[number];

/** Who was let in. */
export interface Caller {
	id: string;
	publish: PublishPermission;
	read: boolean;
	admin: boolean;
	/** A user's token that was shown in place of a key; whoever acts under it verifies it. */
	token?: string;
}

/** No key has it, and comparing with it takes as long as with any. */
const NOBODY: Key = { id: "", scopes: [], digest: "0".repeat(64) };

/**
 * Who shows this key: `tid_<id>_<secret>`. The digests are compared in constant time, and a missing id
 * takes as long as a wrong secret.
 *
 * @param secret the value of `API_KEYS`: JSON, `[{ id, scopes, digest }]`; without it nobody comes in
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
			"no key: send `Authorization: Bearer <key>`",
		);
	const [, id] = /^tid_([A-Za-z0-9-]+)_/.exec(token) ?? [];
	const key = keysIn(secret).find((known) => known.id === id) ?? NOBODY;
	const digest = await crypto.subtle.digest(
		"SHA-256",
		new TextEncoder().encode(token),
	);
	if (!crypto.subtle.timingSafeEqual(digest, bytesOf(key.digest)))
		throw new HttpError("unauthorized", "the key is not known");
	return callerOf(key);
}

let parsed: { secret: string; keys: Key[] } | undefined;

let told = false;

function keysIn(secret: unknown): Key[] {
	if (typeof secret !== "string" || secret.trim() === "") {
		if (!told)
			console.error(
				"tidings: the secret API_KEYS is not set, nobody comes in: locally put it into .dev.vars, deployed use npx wrangler secret put API_KEYS",
			);
		told = true;
		return [];
	}
	if (parsed?.secret !== secret) parsed = { secret, keys: parse(secret) };
	return parsed.keys;
}

/** A secret that cannot be read lets nobody in, and the log says why. */
function parse(secret: string): Key[] {
	try {
		return Keys.parse(JSON.parse(secret));
	} catch (error) {
		const why =
			error instanceof z.ZodError ? z.prettifyError(error) : "it is not JSON";
		console.error(`tidings: API_KEYS cannot be read, nobody comes in: ${why}`);
		return [];
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

/** @throws ForbiddenError unless the caller has the scope */
export function requireScope(caller: Caller, scope: "read" | "admin"): void {
	if (caller[scope]) return;
	throw new ForbiddenError(
		`the key ${JSON.stringify(caller.id)} lacks the scope "${scope}"`,
	);
}

function bytesOf(hex: string): Uint8Array {
	return Uint8Array.from(hex.match(/../g) ?? [], (pair) =>
		Number.parseInt(pair, 16),
	);
}
