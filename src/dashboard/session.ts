/**
 * Signs and verifies the cookie of a session. It names an API key and when the session ends, and is signed with the
 * digest of that key: without the key in `API_KEYS`, no session of it is valid. It reads no request.
 */
import { bytesOf, type Key, keysWithId } from "../entrypoints/http/keys.ts";

/** How long a session lasts, in seconds. */
export const SESSION_SECONDS = 8 * 3_600;

const FORM = /^([A-Za-z0-9-]{1,64})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/** Separates these signatures from any other use of the digest. */
const PURPOSE = "tidings dashboard session";

/** Returns the cookie of a new session. @param now epoch milliseconds */
export async function newSession(key: Key, now: number): Promise<string> {
	const content = `${key.id}.${Math.floor(now / 1_000) + SESSION_SECONDS}`;
	return `${content}.${await sign(bytesOf(key.digest), `${PURPOSE}\n${content}`)}`;
}

/** Returns the key of a session; undefined if it is over, its key is gone, or it was never signed. */
export async function keyOfSession(
	cookie: string,
	secret: unknown,
	isLocal: boolean,
	now: number,
): Promise<Key | undefined> {
	const [, id = "", expiresAt, signature = ""] = FORM.exec(cookie) ?? [];
	if (Number(expiresAt ?? 0) * 1_000 <= now) return undefined;
	// Several keys may have one id, while a new one replaces an old one.
	for (const key of keysWithId(id, secret, isLocal)) {
		const text = `${PURPOSE}\n${id}.${expiresAt}`;
		if (isEqual(signature, await sign(bytesOf(key.digest), text))) return key;
	}
	return undefined;
}

/** Returns an HMAC-SHA256 in base64url: 43 characters. */
export async function sign(
	key: Uint8Array<ArrayBuffer>,
	text: string,
): Promise<string> {
	const imported = await crypto.subtle.importKey(
		"raw",
		key,
		{ name: "HMAC", hash: "SHA-256" },
		false,
		["sign"],
	);
	const bytes = new TextEncoder().encode(text);
	return base64url(await crypto.subtle.sign("HMAC", imported, bytes));
}

/** Compares two signatures in constant time. */
export function isEqual(one: string, other: string): boolean {
	const encoder = new TextEncoder();
	return (
		one.length === other.length &&
		crypto.subtle.timingSafeEqual(encoder.encode(one), encoder.encode(other))
	);
}

export function base64url(bytes: ArrayBuffer | Uint8Array): string {
	return btoa(String.fromCharCode(...new Uint8Array(bytes)))
		.replaceAll("+", "-")
		.replaceAll("/", "_")
		.replaceAll("=", "");
}
