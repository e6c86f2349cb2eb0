/**
 * Whether a hook's request comes from who it says: presets for `export const verify` of a handler module, in the
 * forms that senders sign in. It reads the raw bytes and changes nothing.
 */

import type { Verify } from "./hook.ts";

/** The secret that is shared with the sender, or where it lies: `(env) => env.MAIL_SECRET`. */
export type HookSecret = string | ((env: Cloudflare.Env) => string);

export interface SignedHook {
	secret: HookSecret;
}

export interface TimedHook extends SignedHook {
	/** How far the sender's clock may be from ours, either way, and how long a request can be repeated. Default 300. */
	toleranceSeconds?: number;
}

export interface HmacHook extends SignedHook {
	/** The header that carries the signature, in any case. */
	header: string;
	/** What stands before the signature, such as `sha256=`. Default: nothing. */
	prefix?: string;
	/** Default `hex`. */
	encoding?: "hex" | "base64";
}

/**
 * Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, with a secret `whsec_…`. Any of
 * several `v1` signatures serves, so that the sender can change its secret.
 *
 * @throws RangeError for a tolerance that is not greater than 0; TypeError, with each request, while the secret is
 * not set or not base64
 * @example
 * export const verify = standardWebhooks({ secret: (env) => env.MAIL_SECRET });
 */
export function standardWebhooks(options: TimedHook): Verify {
	const tolerance = toleranceOf("standardWebhooks", options);
	return async ({ headers, bytes }, { env, now }) => {
		const key = decoded(secretOf("standardWebhooks", options, env));
		const id = headers["webhook-id"];
		const timestamp = headers["webhook-timestamp"];
		const signatures = headers["webhook-signature"];
		if (!id || !timestamp || !signatures) return false;
		if (!isRecent(timestamp, tolerance, now)) return false;
		const expected = await signatureOf(key, `${id}.${timestamp}.`, bytes);
		return signatures
			.split(" ")
			.some((signature) => isSame(signature, `v1,${base64(expected)}`));
	};
}

/**
 * GitHub's form: `X-Hub-Signature-256: sha256=<hex>`.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = githubSignature({ secret: (env) => env.GITHUB_SECRET });
 */
export function githubSignature({ secret }: SignedHook): Verify {
	return hmacSignature({
		header: "x-hub-signature-256",
		prefix: "sha256=",
		secret,
	});
}

/**
 * Stripe's form: `Stripe-Signature: t=<seconds>,v1=<hex>`, with one `v1` or several.
 *
 * @throws RangeError for a tolerance that is not greater than 0; TypeError, with each request, while the secret is
 * not set
 * @example
 * export const verify = stripeSignature({ secret: (env) => env.STRIPE_SECRET });
 */
export function stripeSignature(options: TimedHook): Verify {
	const tolerance = toleranceOf("stripeSignature", options);
	return async ({ headers, bytes }, { env, now }) => {
		const key = encoder.encode(secretOf("stripeSignature", options, env));
		const parts = (headers["stripe-signature"] ?? "").split(",");
		const [timestamp, another] = valuesOf(parts, "t=");
		if (!timestamp || another !== undefined) return false;
		if (!isRecent(timestamp, tolerance, now)) return false;
		const expected = hex(await signatureOf(key, `${timestamp}.`, bytes));
		return valuesOf(parts, "v1=").some((signature) =>
			isSame(signature, expected),
		);
	};
}

/**
 * Any sender that signs the bytes of its requests by HMAC-SHA256 and sends the signature in a header.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = hmacSignature({ header: "x-signature", secret: (env) => env.SHOP_SECRET, encoding: "base64" });
 */
export function hmacSignature(options: HmacHook): Verify {
	const { prefix = "", encoding = "hex" } = options;
	const header = options.header.toLowerCase();
	return async ({ headers, bytes }, { env }) => {
		const key = encoder.encode(secretOf("hmacSignature", options, env));
		const shown = headers[header];
		if (!shown?.startsWith(prefix)) return false;
		const signature = shown.slice(prefix.length);
		const expected = await signatureOf(key, "", bytes);
		return encoding === "hex"
			? isSame(signature.toLowerCase(), hex(expected))
			: isSame(signature, base64(expected));
	};
}

const encoder = new TextEncoder();

function toleranceOf(preset: string, options: TimedHook): number {
	const { toleranceSeconds = 300 } = options;
	if (Number.isFinite(toleranceSeconds) && toleranceSeconds > 0)
		return toleranceSeconds;
	throw new RangeError(
		`${preset}: toleranceSeconds ${toleranceSeconds} is not a number of seconds greater than 0`,
	);
}

/** An empty secret would let everybody in; one that is not set is our fault, not the sender's. */
function secretOf(
	preset: string,
	{ secret }: SignedHook,
	env: Cloudflare.Env,
): string {
	const text: unknown = typeof secret === "function" ? secret(env) : secret;
	if (typeof text === "string" && text !== "") return text;
	throw new TypeError(
		`${preset}: its secret is not set: locally put it into .dev.vars, deployed use npx wrangler secret put`,
	);
}

/** The bytes of a secret `whsec_<base64>`. */
function decoded(secret: string): Uint8Array {
	try {
		const text = atob(secret.replace(/^whsec_/, ""));
		if (text !== "") return Uint8Array.from(text, (c) => c.charCodeAt(0));
	} catch {
		// What is not base64 is told like what is empty: the platform's own error would show the secret.
	}
	throw new TypeError(
		"standardWebhooks: its secret is not base64: give it as the sender shows it, whsec_…",
	);
}

function isRecent(timestamp: string, tolerance: number, now: number): boolean {
	if (!/^\d{1,12}$/.test(timestamp)) return false;
	return Math.abs(Math.floor(now / 1_000) - Number(timestamp)) <= tolerance;
}

function valuesOf(parts: readonly string[], name: string): string[] {
	return parts
		.map((part) => part.trim())
		.filter((part) => part.startsWith(name))
		.map((part) => part.slice(name.length));
}

/** Computed once for a request, however many signatures it shows: else each would cost a hash of the whole body. */
async function signatureOf(
	secret: Uint8Array,
	before: string,
	bytes: Uint8Array,
): Promise<Uint8Array> {
	const algorithm = { name: "HMAC", hash: "SHA-256" };
	const key = await crypto.subtle.importKey("raw", secret, algorithm, false, [
		"sign",
	]);
	const start = encoder.encode(before);
	const signed = new Uint8Array(start.length + bytes.length);
	signed.set(start);
	signed.set(bytes, start.length);
	return new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
}

/** In constant time where the lengths are the same; how long a signature is is no secret. */
function isSame(shown: string, expected: string): boolean {
	const [one, other] = [encoder.encode(shown), encoder.encode(expected)];
	return (
		one.length === other.length && crypto.subtle.timingSafeEqual(one, other)
	);
}

function hex(bytes: Uint8Array): string {
	return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes));
}
