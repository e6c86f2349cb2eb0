/**
 * The options and the HMAC signature of a request that the presets of `verify` use. It does not know where a
 * sender puts its signature.
 */
import { digestOf } from "../digest.ts";
import { jsonOf } from "../json.ts";
import type { HookRequest } from "../trigger.ts";
import type { Verified } from "../webhook-module.ts";

/** The secret that the sender signs with, or a function that finds it: `(env) => env.MAIL_SECRET`. */
type HookSecret = string | ((env: Cloudflare.Env) => string);

interface SignedHook {
	secret: HookSecret;
}

export interface TimedHook extends SignedHook {
	/** How far the signed time may differ from now, in seconds. It also limits replays. Default 300. */
	toleranceSeconds?: number;
}

/** Options of a preset whose sender does not sign an id of the delivery. */
export interface IdentifiedHook extends SignedHook {
	/**
	 * Returns the sender's id of the delivery, which repetitions share, or undefined for a delivery that is always new.
	 * Read the id from what the sender signs, mostly the body: anybody can repeat a request with another header.
	 */
	deliveryId?(request: HookRequest): string | number | undefined;
}

/**
 * Accepts a request.
 *
 * @param defaultId the id of the delivery, if the app has no function that finds it
 */
export async function accepted(
	{ deliveryId }: IdentifiedHook,
	request: HookRequest,
	defaultId: () => Promise<string | undefined>,
): Promise<Verified> {
	if (!deliveryId) return { deliveryId: await defaultId() };
	const found: unknown = deliveryId({
		...request,
		json: jsonOf(request.bytes),
	});
	// As text, null and all objects would be one delivery, and later events would be lost.
	const isId = typeof found === "string" || Number.isFinite(found);
	return { deliveryId: isId ? String(found) : undefined };
}

/**
 * Identifies a delivery by its content, if the sender signs no id.
 *
 * @param more what else distinguishes two deliveries
 */
export async function contentId(bytes: Uint8Array, more = ""): Promise<string> {
	return `${await digestOf(bytes)} ${more}`;
}

/** Returns the id that a field of a body has, if it is one. */
export function idIn(value: unknown): string | undefined {
	return typeof value === "string" && value !== "" ? value : undefined;
}

export function toleranceOf(preset: string, options: TimedHook): number {
	const { toleranceSeconds = 300 } = options;
	if (Number.isFinite(toleranceSeconds) && toleranceSeconds > 0)
		return toleranceSeconds;
	throw new RangeError(
		`${preset}: toleranceSeconds: ${toleranceSeconds} is not a tolerance; use a number of seconds greater than 0`,
	);
}

/** An empty secret would accept any sender. A missing one is an error of the app, not of the sender. */
export function secretOf(
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

export function isRecent(
	timestamp: string,
	tolerance: number,
	now: number,
): boolean {
	if (!/^\d{1,12}$/.test(timestamp)) return false;
	return Math.abs(Math.floor(now / 1_000) - Number(timestamp)) <= tolerance;
}

const encoder = new TextEncoder();

/**
 * Signs a text and the bytes after it. Called once for each request: a signature hashes the whole body, and a request
 * may show many signatures.
 */
export async function signatureOf(
	secret: string | Uint8Array,
	text: string,
	bytes: Uint8Array = new Uint8Array(),
	hash: "SHA-256" | "SHA-1" = "SHA-256",
): Promise<Uint8Array> {
	const raw = typeof secret === "string" ? encoder.encode(secret) : secret;
	const algorithm = { name: "HMAC", hash };
	const key = await crypto.subtle.importKey("raw", raw, algorithm, false, [
		"sign",
	]);
	const start = encoder.encode(text);
	const signed = new Uint8Array(start.length + bytes.length);
	signed.set(start);
	signed.set(bytes, start.length);
	return new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
}

/** Compares in constant time. The length of a signature is not a secret. */
export function isSame(shown: string, expected: string): boolean {
	const one = encoder.encode(shown);
	const other = encoder.encode(expected);
	return (
		one.length === other.length && crypto.subtle.timingSafeEqual(one, other)
	);
}

export function base64(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes));
}
