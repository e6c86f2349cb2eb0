/**
 * Signs the owner's calls of other Workers, and verifies them there, with a secret that both have. It does not know what
 * a call means.
 */
import { ForbiddenError } from "../event/errors.ts";

export interface CallSignature {
	/** When the call was signed, in epoch milliseconds. */
	at: number;
	/** HMAC-SHA256 over the Worker's key, the time, the method and its arguments. */
	hmac: Uint8Array;
}

/** How far the signed time may differ from now, in milliseconds. A call can be replayed for this long. */
const TOLERANCE = 300_000;

/**
 * @param worker the key of the Worker that is called, so that no other Worker accepts the call
 * @param args the plain arguments; functions cannot be signed
 */
export async function signatureFor(
	secret: string,
	worker: string,
	method: string,
	args: readonly unknown[],
	at: number,
): Promise<CallSignature> {
	const signed = signedBytes(worker, method, args, at);
	const hmac = await crypto.subtle.sign("HMAC", await keyOf(secret), signed);
	return { at, hmac: new Uint8Array(hmac) };
}

/** @throws ForbiddenError unless the call is signed with one of the secrets, for this Worker, and now */
export async function checkSignature(
	secrets: readonly string[],
	worker: string,
	method: string,
	args: readonly unknown[],
	signature: CallSignature | undefined,
	now: number,
): Promise<void> {
	const forbidden = (what: string) =>
		new ForbiddenError(
			`the call of ${method} ${what}; set the same TIDINGS_CALL_SECRET in the owner, and list this Worker in its tidings.config.ts under the key ${JSON.stringify(worker)}`,
		);
	const { at, hmac } = Object(signature) as Partial<CallSignature>;
	if (typeof at !== "number" || !(hmac instanceof Uint8Array))
		throw forbidden("is not signed");
	if (!(Math.abs(now - at) <= TOLERANCE))
		throw forbidden(`was signed ${now - at} ms ago`);
	const signed = signedBytes(worker, method, args, at);
	for (const secret of secrets) {
		const key = await keyOf(secret);
		if (await crypto.subtle.verify("HMAC", key, hmac, signed)) return;
	}
	throw forbidden("has a wrong signature");
}

/** A structured clone preserves the order of keys, so both sides write one text. */
function signedBytes(...signed: unknown[]): Uint8Array {
	const text = JSON.stringify(signed, (_, value) =>
		value instanceof Uint8Array ? [...value] : value,
	);
	return new TextEncoder().encode(text);
}

function keyOf(secret: string): Promise<CryptoKey> {
	const bytes = new TextEncoder().encode(secret);
	const hmac = { name: "HMAC", hash: "SHA-256" };
	return crypto.subtle.importKey("raw", bytes, hmac, false, ["sign", "verify"]);
}
