/**
 * Verifies signatures of webhook requests: presets for `export const verify` of a handler module. It reads the raw
 * bytes of the request and stores nothing.
 */
import type { Verify } from "./webhook-module.ts";

/** The secret that the sender signs with, or a function that finds it: `(env) => env.MAIL_SECRET`. */
type HookSecret = string | ((env: Cloudflare.Env) => string);

interface SignedHook {
	secret: HookSecret;
}

interface TimedHook extends SignedHook {
	/** How far the signed time may differ from now, in seconds. It also limits replays. Default 300. */
	toleranceSeconds?: number;
}

interface HmacHook extends SignedHook {
	/** The header with the signature, in any case. */
	header: string;
	/** The text before the signature, such as `sha256=`. Default: none. */
	prefix?: string;
	/** Default `hex`. */
	encoding?: "hex" | "base64";
}

/**
 * Verifies Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, with a secret `whsec_…`. One
 * valid signature among several `v1` signatures is enough, so that the sender can rotate its secret.
 *
 * @throws RangeError unless the tolerance is greater than 0; TypeError, with each request, while the secret is not set
 * or not base64
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
 * Verifies signatures of GitHub: `X-Hub-Signature-256: sha256=<hex>`.
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
 * Verifies signatures of Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>`, with one `v1` or several.
 *
 * @throws RangeError unless the tolerance is greater than 0; TypeError, with each request, while the secret is not set
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
 * Verifies HMAC-SHA256 signatures over the bytes of the request, which the sender puts into a header.
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
		`${preset}: toleranceSeconds: ${toleranceSeconds} is not a tolerance; use a number of seconds greater than 0`,
	);
}

/** An empty secret would accept any sender. A missing one is an error of the app, not of the sender. */
function secretOf(
	preset: string,
	{ secret }: SignedHook,
	env: Cloudflare.Env,
): string {
	const text: unknown = typeof secret === "function" ? secret(env) : secret;
	if (typeof text === "string" && text !== "") return text;
	throw new TypeError(
		`${preset}: its secret is not set; put it into .dev.vars locally, or run npx wrangler secret put for a deployed Worker`,
	);
}

/** The bytes of a secret `whsec_<base64>`. */
function decoded(secret: string): Uint8Array {
	try {
		const text = atob(secret.replace(/^whsec_/, ""));
		if (text !== "") return Uint8Array.from(text, (c) => c.charCodeAt(0));
	} catch {
		// Falls through: the platform's own error would show the secret.
	}
	throw new TypeError(
		"standardWebhooks: its secret is not base64; use it as the sender shows it, whsec_…",
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

/** Called once for each request: a signature hashes the whole body, and a request may show many signatures. */
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

/** Compares in constant time. The length of a signature is not a secret. */
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
