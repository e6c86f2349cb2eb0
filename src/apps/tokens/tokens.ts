/**
 * Whether a JSON Web Token is what it says: signed by an issuer that is configured, for us, and within its time.
 * What its claims mean is not asked here, and no token is ever written into an error or a log.
 */
import { decodeJwt, decodeProtectedHeader, errors } from "jose";
import type { IssuerOptions, Issuers } from "../../config/config.ts";
import { algorithmsOf, toleranceSeconds } from "../../config/issuer.ts";
import { RefusedError, UnavailableError } from "../../event/errors.ts";
import { keysOf, verify } from "./issuer-keys.ts";

/** What verifying asks of the platform. */
export interface Verifying {
	/** Epoch milliseconds. */
	clock(): number;
	/** Default: the platform's. */
	fetch?: typeof fetch;
}

type Claims = Record<string, unknown>;

/**
 * Verifies each JWT and answers the claims by their issuer's name. Several tokens of one issuer are taken together
 * where the claims that they share say the same.
 *
 * @throws RefusedError `invalid_token` that says which check failed; UnavailableError when the keys of an issuer
 * cannot be fetched
 */
export async function verifyTokens(
	tokens: readonly string[],
	issuers: Issuers,
	ports: Verifying,
): Promise<Map<string, Claims>> {
	if (!Array.isArray(tokens)) throw invalid("tokens: give a list of JWTs");
	const claims = new Map<string, Claims>();
	for (const token of tokens) {
		const [name, options] = issuerOf(token, issuers);
		const verified = await claimsOf(token, name, options, ports);
		claims.set(name, joined(name, claims.get(name) ?? {}, verified));
	}
	return claims;
}

/** By the claim that is not verified yet: it chooses the key, and the key then proves it. */
function issuerOf(token: string, issuers: Issuers): [string, IssuerOptions] {
	let iss: unknown;
	try {
		({ iss } = decodeJwt(token));
	} catch {
		throw invalid("a token is not a JWT: show it as its issuer gave it");
	}
	const found = Object.entries(issuers).find(
		([, { issuer }]) => issuer === iss,
	);
	if (found) return found;
	const known = Object.entries(issuers).map(
		([name, { issuer }]) => `${name} (${issuer})`,
	);
	throw invalid(
		`no issuer is configured for a token's iss claim: there is ${known.join(", ") || "none"}`,
	);
}

async function claimsOf(
	token: string,
	name: string,
	options: IssuerOptions,
	ports: Verifying,
): Promise<Claims> {
	const { issuer, audience } = options;
	try {
		return await verify(token, keysOf(name, options, ports.fetch), {
			issuer,
			...(audience !== undefined && { audience: [audience].flat() }),
			algorithms: algorithmsOf(options),
			clockTolerance: toleranceSeconds(options),
			currentDate: new Date(ports.clock()),
			requiredClaims: ["exp"],
		});
	} catch (error) {
		if (error instanceof UnavailableError) throw error;
		throw invalid(`the token of ${name} ${faultOf(error, token, options)}`);
	}
}

function faultOf(
	error: unknown,
	token: string,
	options: IssuerOptions,
): string {
	if (error instanceof errors.JWTClaimValidationFailed)
		return claimFault(error, options);
	switch ((error as { code?: unknown } | null)?.code) {
		case errors.JWTExpired.code:
			return "has expired: get a new one";
		case errors.JOSEAlgNotAllowed.code:
			return `is signed by ${JSON.stringify(decodeProtectedHeader(token).alg)?.slice(0, 20)}: its issuer is to sign by ${algorithmsOf(options).join(", ")}`;
		case errors.JWKSNoMatchingKey.code:
			return "is signed by a key that its issuer does not have";
		case errors.JWSSignatureVerificationFailed.code:
			return "has a signature that does not fit: it was changed, or another signed it";
		default:
			return "cannot be verified: it is not a signed JWT, or its algorithm does not fit the issuer's key";
	}
}

function claimFault(
	{ claim, reason }: errors.JWTClaimValidationFailed,
	{ audience }: IssuerOptions,
): string {
	if (reason === "missing")
		return claim === "exp"
			? "never expires: only one with an exp claim is taken"
			: `has no ${claim} claim`;
	if (reason === "invalid") return `has the claim ${claim}, but no time in it`;
	return claim === "nbf"
		? "is not valid yet"
		: `is for another audience: it is to be for ${[audience].flat().join(" or ")}`;
}

/** Claims about the token itself, which differ from one to the next. */
const OF_ITSELF = ["aud", "exp", "iat", "jti", "nbf"];

/**
 * The claims of both. Two people's must not become one: then a subscription could be made of the one's account and
 * the other's address.
 */
function joined(name: string, some: Claims, more: Claims): Claims {
	const differing = Object.keys(some).find(
		(claim) =>
			!OF_ITSELF.includes(claim) &&
			Object.hasOwn(more, claim) &&
			JSON.stringify(some[claim]) !== JSON.stringify(more[claim]),
	);
	if (differing !== undefined)
		throw invalid(
			`two tokens of ${name} differ in their claim ${JSON.stringify(differing)}: show those of one person`,
		);
	return { ...some, ...more };
}

function invalid(message: string): RefusedError {
	return new RefusedError("invalid_token", message);
}
