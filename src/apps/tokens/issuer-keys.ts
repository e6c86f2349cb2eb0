/** Finds the keys of an issuer: from its URL, cached for ten minutes, or from the configuration. It reads no claims. */
import {
	createLocalJWKSet,
	createRemoteJWKSet,
	customFetch,
	errors,
	importSPKI,
	type JWKSCacheInput,
	type JWTPayload,
	type JWTVerifyGetKey,
	type JWTVerifyOptions,
	jwksCache,
	jwtVerify,
} from "jose";
import type { IssuerOptions } from "../../config/config.ts";
import { isPem } from "../../config/key-options.ts";
import { UnavailableError } from "../../event/errors.ts";
import { log } from "../../platform/log.ts";

/** Verifies a token. Tries several keys if the token has no `kid` that names one. */
export async function verify(
	token: string,
	keys: JWTVerifyGetKey,
	options: JWTVerifyOptions,
): Promise<JWTPayload> {
	try {
		return (await jwtVerify(token, keys, options)).payload;
	} catch (error) {
		if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
		for await (const key of error)
			try {
				return (await jwtVerify(token, key, options)).payload;
			} catch (failure) {
				if (!(failure instanceof errors.JWSSignatureVerificationFailed))
					throw failure;
			}
		throw new errors.JWSSignatureVerificationFailed();
	}
}

/** @param fetchKeys replaces the platform's `fetch` in tests */
export function keysOf(
	name: string,
	{ jwks, publicKey, secret }: IssuerOptions,
	fetchKeys?: typeof fetch,
): JWTVerifyGetKey {
	if (jwks !== undefined) return remoteKeys(name, jwks, fetchKeys);
	if (publicKey === undefined) return () => new TextEncoder().encode(secret);
	const text = publicKey.trim();
	return isPem(text)
		? ({ alg }) => importSPKI(text, alg)
		: createLocalJWKSet({ keys: [JSON.parse(text)] });
}

/**
 * The last key set of each URL, and its time. It contains no promise: a promise of one request may never settle in
 * another, so the object that fetches is created for each token.
 */
const cache = new Map<string, JWKSCacheInput>();

function remoteKeys(
	name: string,
	url: string,
	fetchKeys?: typeof fetch,
): JWTVerifyGetKey {
	const cached = cache.get(url) ?? {};
	cache.set(url, cached);
	const keys = createRemoteJWKSet(new URL(url), {
		timeoutDuration: 5_000,
		cacheMaxAge: 600_000,
		// An unknown key fetches the key set again, but tokens with invented keys must not cause a fetch each.
		cooldownDuration: 30_000,
		[jwksCache]: cached,
		...(fetchKeys && { [customFetch]: fetchKeys }),
	});
	return async (header, token) => {
		try {
			return await keys(header, token);
		} catch (error) {
			if (TOKEN_ERRORS.some((known) => error instanceof known)) throw error;
			// The URL is for the log only: anybody may send a token.
			log("issuer_keys_unreadable", { issuer: name, url, error });
			throw new UnavailableError(
				`the keys of ${name} cannot be read; try again later`,
				{ cause: error },
			);
		}
	};
}

/** Errors that the token causes. Any other error is a failure of the issuer or the network. */
const TOKEN_ERRORS = [
	errors.JWKSNoMatchingKey,
	errors.JWKSMultipleMatchingKeys,
	errors.JOSENotSupported,
];
