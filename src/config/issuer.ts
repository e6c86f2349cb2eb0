/** Who may issue tokens: what the configuration says of each issuer, checked before the first token comes. */
import { type Duration, milliseconds } from "../event/duration.ts";
import { named, rejectUnknownKeys } from "../event/validation.ts";

/** An issuer of JSON Web Tokens: whose `iss` it is, and the key that its signatures fit. */
export interface IssuerOptions {
	/** The `iss` claim of its tokens, exactly. */
	issuer: string;
	/** The `aud` claim, or several of which one must be in it. Without it, tokens for anybody are taken. */
	audience?: string | readonly string[];
	/** Where it publishes its keys: an https URL, or http on this machine. One of `jwks`, `publicKey` and `secret`. */
	jwks?: string;
	/** Its one public key: PEM (`-----BEGIN PUBLIC KEY-----`), or a JWK as JSON. */
	publicKey?: string;
	/** The secret that it signs with, at least 32 bytes. */
	secret?: string;
	/** Default: RS, PS and ES of 256, 384 and 512 bits, EdDSA and Ed25519 for keys; HS256 for a secret. */
	algorithms?: readonly string[];
	/** How far its clock may be from ours. Default 0. */
	clockTolerance?: Duration;
}

/** By the name that an event's `tokens` call it, such as `@my-org/auth`. */
export type Issuers = Readonly<Record<string, IssuerOptions>>;

const MEMBERS = [
	...["issuer", "audience", "jwks", "publicKey", "secret"],
	...["algorithms", "clockTolerance"],
];
const KEYS = ["jwks", "publicKey", "secret"] as const;

/** The forms of signatures by a key; what is signed with a secret could be signed by whoever knows the public key. */
const BY_KEY = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const BY_SECRET = ["HS256", "HS384", "HS512"];

const NAME = /^@[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/;

/** RFC 7518, 3.2: not shorter than the hash, or it can be guessed from one token. */
const MIN_SECRET_BYTES = 32;

/** @throws TypeError that names the path of what is wrong */
export function checkIssuers(issuers: unknown): asserts issuers is Issuers {
	named("issuers", () => checkObject(issuers));
	const seen = new Map<string, string>();
	for (const [name, options] of Object.entries(issuers as Issuers))
		named(`issuers[${JSON.stringify(name)}]`, () => {
			if (!NAME.test(name) || name.length > 100)
				throw new TypeError(
					'an issuer\'s name is "@scope/name", at most 100 characters',
				);
			checkIssuer(options);
			const other = seen.get(options.issuer);
			if (other !== undefined)
				throw new TypeError(
					`issuer: ${JSON.stringify(options.issuer)} is ${other} already: a token would be of both`,
				);
			seen.set(options.issuer, name);
		});
}

function checkIssuer(options: IssuerOptions): void {
	checkObject(options);
	rejectUnknownKeys("the issuer", options, MEMBERS);
	if (!isText(options.issuer))
		throw new TypeError(
			`issuer: ${JSON.stringify(options.issuer)} is not the iss claim of its tokens`,
		);
	named("audience", () => checkAudience(options.audience));
	const given = KEYS.filter((key) => options[key] !== undefined);
	if (given.length !== 1)
		throw new TypeError(
			`give one of ${KEYS.join(", ")}; ${given.length === 0 ? "none is there: a variable that is not set is none" : `${given.join(" and ")} are there`}`,
		);
	named("jwks", () => checkJwks(options.jwks));
	named("publicKey", () => checkPublicKey(options.publicKey));
	named("secret", () => checkSecret(options.secret));
	named("algorithms", () => checkAlgorithms(options));
	toleranceSeconds(options);
}

function checkAudience(audience: unknown): void {
	if (audience === undefined) return;
	const all: unknown[] = Array.isArray(audience) ? audience : [audience];
	if (all.length === 0 || !all.every(isText))
		throw new TypeError(
			`${JSON.stringify(audience)} is neither a text nor a list of texts`,
		);
}

/** Over plain http, whoever is on the way could put keys of their own in. */
function checkJwks(jwks: unknown): void {
	if (jwks === undefined) return;
	const url = isText(jwks) && URL.canParse(jwks) ? new URL(jwks) : undefined;
	const isHere = /^(localhost|.*\.localhost|127\.0\.0\.1|\[::1\])$/;
	if (
		url?.protocol === "https:" ||
		(url?.protocol === "http:" && isHere.test(url.hostname))
	)
		return;
	throw new TypeError(`${JSON.stringify(jwks)} is not an https URL`);
}

function checkPublicKey(key: unknown): void {
	if (key === undefined) return;
	const text = typeof key === "string" ? key.trim() : "";
	if (isPem(text)) return;
	const jwk = jwkOf(text);
	if (jwk?.d !== undefined || /PRIVATE KEY/.test(text))
		throw new TypeError("it is a private key: give the public one");
	if (["RSA", "EC", "OKP"].includes(String(jwk?.kty))) return;
	throw new TypeError(
		"it is neither PEM (-----BEGIN PUBLIC KEY-----) nor a public JWK as JSON",
	);
}

/** Whether a public key's text is PEM; else it is a JWK. */
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

function checkSecret(secret: unknown): void {
	if (secret === undefined) return;
	const bytes = isText(secret) ? new TextEncoder().encode(secret).length : 0;
	if (bytes < MIN_SECRET_BYTES)
		throw new TypeError(
			`it is ${isText(secret) ? `${bytes} bytes long` : "not a text"}: give at least ${MIN_SECRET_BYTES} bytes, or it can be guessed`,
		);
}

function checkAlgorithms({ algorithms, secret }: IssuerOptions): void {
	if (algorithms === undefined) return;
	const known = secret === undefined ? BY_KEY : BY_SECRET;
	const all: unknown = algorithms;
	if (
		!Array.isArray(all) ||
		all.length === 0 ||
		!all.every((algorithm) => known.includes(algorithm))
	)
		throw new TypeError(
			`${JSON.stringify(all)}: for ${secret === undefined ? "a key" : "a secret"} give some of ${known.join(", ")}`,
		);
}

/** What its tokens may be signed by: never `none`, and never a secret's form where there is a key. */
export function algorithmsOf(options: IssuerOptions): string[] {
	const { algorithms, secret } = options;
	return [...(algorithms ?? (secret === undefined ? BY_KEY : ["HS256"]))];
}

/** @throws RangeError when it is no duration */
export function toleranceSeconds({
	clockTolerance = 0,
}: IssuerOptions): number {
	return clockTolerance === 0
		? 0
		: milliseconds(clockTolerance, "clockTolerance") / 1_000;
}

function isText(value: unknown): value is string {
	return typeof value === "string" && value !== "";
}

/** It shows no value: one in the wrong place may be a secret. */
function checkObject(value: unknown): void {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new TypeError("it is not an object");
}
