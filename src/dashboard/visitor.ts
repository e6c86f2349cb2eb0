/** Finds out who a request is from: a session, Cloudflare Access, or the developer on this machine. It permits nothing. */
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import {
	type Caller,
	findKey,
	isLocalRequest,
	permissionsOf,
} from "../entrypoints/http/keys.ts";
import { isDevelopment, secret } from "../platform/environment.ts";
import {
	base64url,
	keyOfSession,
	newSession,
	SESSION_SECONDS,
} from "./session.ts";

const COOKIE = "tidings_session";

/** The part of a visitor that forms need. */
export interface Visitor {
	/** Undefined before the sign-in. */
	caller: Caller | undefined;
	/** The value of the cookie. Before the sign-in, and without one, it is random: forms are bound to it. */
	cookie: string;
	/** Whether the caller has signed in with a key, and can sign out. */
	hasSession: boolean;
}

/** The developer, who needs no key on the machine that runs `wrangler dev`. */
const DEVELOPER = { id: "local", scopes: ["admin"] };

/** Whether the pages are open without a sign-in: only in a development build, and only on this machine. */
function isOpen(request: Request): boolean {
	return isDevelopment() && isLocalRequest(request);
}

/** @param viaAccess verifies a request that Cloudflare Access has let through; absent without Access */
export async function visitorOf(
	context: Context,
	path: string,
	now: number,
	viaAccess?: (request: Request) => Promise<Caller>,
): Promise<Visitor> {
	const { raw } = context.req;
	const given = getCookie(context, COOKIE);
	// A form must not be bound to a cookie that can be guessed.
	const cookie = given !== undefined && given.length >= 40 ? given : undefined;
	if (isOpen(raw) || viaAccess) {
		const caller = isOpen(raw)
			? permissionsOf(DEVELOPER)
			: await viaAccess?.(raw);
		return {
			caller,
			cookie: cookie ?? newCookie(context, path),
			hasSession: false,
		};
	}
	const key =
		cookie &&
		(await keyOfSession(
			cookie,
			await secret("API_KEYS"),
			isLocalRequest(raw),
			now,
		));
	const known = key ? permissionsOf(key) : undefined;
	// The scopes of the key may have changed since the sign-in.
	const caller = known?.read ? known : undefined;
	return {
		caller,
		cookie: cookie ?? newCookie(context, path),
		hasSession: caller !== undefined,
	};
}

/** Starts a session. @throws HttpError `unauthorized`. Returns a caller that may not read, too */
export async function signIn(
	context: Context,
	path: string,
	token: string,
	now: number,
): Promise<Caller> {
	const { raw } = context.req;
	const keys = await secret("API_KEYS");
	const key = await findKey(token, keys, isLocalRequest(raw));
	const caller = permissionsOf(key);
	if (caller.read) store(context, path, await newSession(key, now));
	return caller;
}

export function signOut(context: Context, path: string): void {
	newCookie(context, path);
}

function newCookie(context: Context, path: string): string {
	const value = base64url(crypto.getRandomValues(new Uint8Array(32)));
	store(context, path, value);
	return value;
}

function store(context: Context, path: string, value: string): void {
	const { protocol } = new URL(context.req.url);
	setCookie(context, COOKIE, value, {
		path: path || "/",
		httpOnly: true,
		sameSite: "Lax",
		maxAge: SESSION_SECONDS,
		// Not every browser accepts a Secure cookie from http://localhost.
		secure: protocol === "https:" || !isLocalRequest(context.req.raw),
	});
}
