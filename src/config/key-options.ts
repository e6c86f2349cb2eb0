/**
 * Validates the key of an issuer: `jwks`, `publicKey` or `secret`. Its messages never contain a key or a secret, and it
 * fetches no keys.
 */
import * as z from "zod";
import { isText, show } from "../event/validation.ts";
import { checked } from "../event/zod-errors.ts";

/** RFC 7518, 3.2: a secret shorter than the hash can be guessed from one token. */
const MIN_SECRET_BYTES = 32;

/** Whether a host name is this machine's own. */
export function isLocalHost(hostname: string): boolean {
	return /^(localhost|.*\.localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** Rejects plain http: anybody on the network path could replace the keys. */
export const JwksSchema = z.custom<string>(
	(jwks) => {
		if (!isText(jwks) || !URL.canParse(jwks)) return false;
		const { protocol, hostname } = new URL(jwks);
		return (
			protocol === "https:" || (protocol === "http:" && isLocalHost(hostname))
		);
	},
	{
		error: ({ input }) =>
			`${show(input)} is not an https URL; give the address of its JSON Web Key Set`,
	},
);

export const PublicKeySchema = checked((key) => {
	const text = typeof key === "string" ? key.trim() : "";
	if (isPem(text)) return key as string;
	const jwk = jwkOf(text);
	if (jwk?.d !== undefined || /PRIVATE KEY/.test(text))
		throw new TypeError("this is a private key; give the public key");
	if (["RSA", "EC", "OKP"].includes(String(jwk?.kty))) return key as string;
	throw new TypeError(
		"this is not a public key; give PEM (-----BEGIN PUBLIC KEY-----) or a public JWK as JSON",
	);
});

/** Whether the text of a public key is PEM. If not, it is a JWK. */
export function isPem(text: string): boolean {
	return /^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/.test(
		text,
	);
}

function jwkOf(text: string): { kty?: unknown; d?: unknown } | undefined {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

export const SecretSchema = checked((secret) => {
	const bytes = isText(secret) ? new TextEncoder().encode(secret).length : 0;
	if (bytes >= MIN_SECRET_BYTES) return secret as string;
	throw new TypeError(
		`this is ${isText(secret) ? `${bytes} bytes long` : "not a text"}; give at least ${MIN_SECRET_BYTES} bytes, because a shorter secret can be guessed`,
	);
});
