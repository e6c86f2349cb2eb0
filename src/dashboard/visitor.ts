/**
 * Finds out who a request is from: a session, Cloudflare Access, or the developer on this machine. It permits nothing.
 */
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

/** Verifies a request that Cloudflare Access has let through; absent without Access. */
type ViaAccess = ((request: Request) => Promise<Caller>) | undefined;

/** The developer, who needs no key on the machine that runs `wrangler dev`. */
const DEVELOPER = { id: "local", scopes: ["admin"] };

/** Whether the pages are open without a sign-in: only in a development build, and only on this machine. */
function isOpen(request: Request): boolean {
	return isDevelopment() && isLocalRequest(request);
}

/**
 * Finds the caller of a request; undefined before the sign-in, and once the session has ended.
 *
 * @param now epoch milliseconds
 * @throws HttpError `unauthorized` if Access has not let the request through; UnavailableError
 */
export async function findCaller(
	context: Context,
	now: number,
	viaAccess: ViaAccess,
): Promise<Caller | undefined> {
	const { raw } = context.req;
	if (isOpen(raw)) return permissionsOf(DEVELOPER);
	if (viaAccess) return viaAccess(raw);
	const key = await keyOfSession(
		cookieIn(context) ?? "",
		await secret("API_KEYS"),
		isLocalRequest(raw),
		now,
	);
	const caller = key && permissionsOf(key);
	// The scopes of the key may have changed since the sign-in.
	return caller?.read ? caller : undefined;
}

/** Whether visitors sign in with a key, and can sign out. */
export function usesSessions({ req }: Context, viaAccess: ViaAccess): boolean {
	return !viaAccess && !isOpen(req.raw);
}

/** Returns the cookie that forms are bound to. A visitor without one gets a random one. */
export function cookieOf(context: Context, path: string): string {
	return cookieIn(context) ?? newCookie(context, path);
}

/** A form must not be bound to a cookie that can be guessed. */
function cookieIn(context: Context): string | undefined {
	const given = getCookie(context, COOKIE);
	return given !== undefined && given.length >= 40 ? given : undefined;
}

/**
 * Starts a session. A key that may not read gets none.
 *
 * @throws HttpError `unauthorized`
 */
export async function signIn(
	context: Context,
	path: string,
	token: string,
	now: number,
): Promise<{ caller: Caller; cookie?: string }> {
	const { raw } = context.req;
	const keys = await secret("API_KEYS");
	const key = await findKey(token, keys, isLocalRequest(raw));
	const caller = permissionsOf(key);
	if (!caller.read) return { caller };
	const cookie = await newSession(key, now);
	store(context, path, cookie);
	return { caller, cookie };
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
