/**
 * Verifies JSON Web Tokens: their issuer, signature, audience and time. It does not interpret other claims. It must
 * never write a token into an error or a log.
 */
import { decodeJwt, decodeProtectedHeader, errors } from "jose";
import type { IssuerOptions, Issuers } from "../../config/config.ts";
import { algorithmsOf, toleranceSeconds } from "../../config/issuer.ts";
import { RefusedError, UnavailableError } from "../../event/errors.ts";
import { isText, show } from "../../event/validation.ts";
import { type KeyPorts, keysOf, verify } from "./issuer-keys.ts";

type Claims = Record<string, unknown>;

/**
 * Verifies each token. Returns the claims by the name of their issuer. Claims of several tokens of one issuer are
 * merged if they have the same `sub`, and no claim with different values.
 *
 * @throws RefusedError `invalid_token` with the check that failed; UnavailableError if the keys of an issuer cannot be
 * fetched
 */
export async function verifyTokens(
	tokens: readonly string[],
	issuers: Issuers,
	ports: KeyPorts,
): Promise<Map<string, Claims>> {
	if (!Array.isArray(tokens))
		throw invalid("tokens: expected a list; send a list of JWTs");
	const claims = new Map<string, Claims>();
	for (const token of tokens) {
		const [name, options] = issuerOf(token, issuers);
		const verified = await claimsOf(token, name, options, ports);
		const before = claims.get(name);
		claims.set(name, before ? merged(name, before, verified) : verified);
	}
	return claims;
}

/** Reads the `iss` claim before it is verified: it selects the key, and the signature then proves it. */
function issuerOf(token: string, issuers: Issuers): [string, IssuerOptions] {
	let iss: unknown;
	try {
		({ iss } = decodeJwt(token));
	} catch {
		throw invalid("a token is not a JWT; send it as its issuer returned it");
	}
	const found = Object.entries(issuers).find(
		([, { issuer }]) => issuer === iss,
	);
	if (found) return found;
	// Without the names of the issuers: anybody may send a token.
	throw invalid(
		`the iss claim of a token matches no configured issuer; ${Object.keys(issuers).length > 0 ? "use a token of an issuer in tidings.config.ts" : "configure one in the issuers of tidings.config.ts"}`,
	);
}

async function claimsOf(
	token: string,
	name: string,
	options: IssuerOptions,
	ports: KeyPorts,
): Promise<Claims> {
	const { issuer, audience } = options;
	try {
		return await verify(token, keysOf(name, options, ports), {
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
			return "has expired; get a new one";
		case errors.JOSEAlgNotAllowed.code:
			return `is signed with ${JSON.stringify(decodeProtectedHeader(token).alg)?.slice(0, 20)}: its issuer must sign with ${algorithmsOf(options).join(", ")}`;
		case errors.JWKSNoMatchingKey.code:
			return "is signed with a key that its issuer does not publish";
		case errors.JWSSignatureVerificationFailed.code:
			return "has a wrong signature: it was changed, or signed with another key";
		default:
			return "cannot be verified: it is not a signed JWT, or its algorithm does not match the issuer's key";
	}
}

function claimFault(
	{ claim, reason }: errors.JWTClaimValidationFailed,
	{ audience }: IssuerOptions,
): string {
	if (reason === "missing")
		return claim === "exp"
			? "has no exp claim; use a token that expires"
			: `has no ${claim} claim`;
	if (reason === "invalid") return `has a claim ${claim} that is not a time`;
	return claim === "nbf"
		? "is not valid yet"
		: `is for another audience; use a token for ${[audience].flat().join(" or ")}`;
}

/** Claims about the token itself, which differ between tokens of one user. */
const TOKEN_CLAIMS = ["aud", "exp", "iat", "jti", "nbf"];

/**
 * Merges claims of one user. Claims of two users must not be merged: a subscription could then combine the account of
 * one user with the address of another.
 */
function merged(name: string, some: Claims, more: Claims): Claims {
	const differing = Object.keys(some).find(
		(claim) =>
			!TOKEN_CLAIMS.includes(claim) &&
			Object.hasOwn(more, claim) &&
			JSON.stringify(some[claim]) !== JSON.stringify(more[claim]),
	);
	if (differing !== undefined)
		throw invalid(
			`two tokens of ${name} differ in their claim ${show(differing)}; send tokens of one user`,
		);
	if (!isText(some.sub) || !isText(more.sub))
		throw invalid(
			`two tokens of ${name} do not have the same sub claim; send tokens of one user, whose sub is a text`,
		);
	return { ...some, ...more };
}

function invalid(message: string): RefusedError {
	return new RefusedError("invalid_token", message);
}
