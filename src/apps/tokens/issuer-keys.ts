/** The keys that an issuer's tokens are signed by: fetched and kept for a while, or as the configuration has them. */
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

/** Tries each of several keys where the token does not say by its `kid` which one signed it. */
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

/** @param fetchKeys in place of the platform's `fetch` */
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
 * What each URL answered last, and when. Data alone: a promise that one request began may never settle in the next,
 * so what uses it is made anew for each token.
 */
const answers = new Map<string, JWKSCacheInput>();

function remoteKeys(
	name: string,
	url: string,
	fetchKeys?: typeof fetch,
): JWTVerifyGetKey {
	const answer = answers.get(url) ?? {};
	answers.set(url, answer);
	const keys = createRemoteJWKSet(new URL(url), {
		timeoutDuration: 5_000,
		cacheMaxAge: 600_000,
		// A key that is not known is looked for again, though not for every token that makes one up.
		cooldownDuration: 30_000,
		[jwksCache]: answer,
		...(fetchKeys && { [customFetch]: fetchKeys }),
	});
	return async (header, token) => {
		try {
			return await keys(header, token);
		} catch (error) {
			if (OF_THE_TOKEN.some((known) => error instanceof known)) throw error;
			throw new UnavailableError(
				`the keys of ${name} cannot be read from ${url}: try again later`,
				{ cause: error },
			);
		}
	};
}

/** What a token is to blame for where keys are fetched; whatever else fails is the issuer's, or the network's. */
const OF_THE_TOKEN = [
	errors.JWKSNoMatchingKey,
	errors.JWKSMultipleMatchingKeys,
	errors.JOSENotSupported,
];
