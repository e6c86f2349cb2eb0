import { expect, test } from "vitest";
import type { Issuers } from "../../src/config/config.ts";
import { algorithmsOf, toleranceSeconds } from "../../src/config/issuer.ts";
import { isPem } from "../../src/config/key-options.ts";
import { settingsOf } from "../../src/config/settings.ts";

const NAME = "@my-org/auth";
const PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`;
const JWK = JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "11qY" });
const issuer = "https://auth.example";
const secret = "0123456789abcdef0123456789abcdef";

/** Returns the message of the error, or "accepted". */
function verdictOn(options: unknown, name = NAME): string {
	return verdictOnAll({ [name]: options });
}

function verdictOnAll(issuers: unknown): string {
	try {
		settingsOf({ issuers: issuers as Issuers });
		return "accepted";
	} catch (error) {
		expect(error).toBeInstanceOf(TypeError);
		return (error as Error).message;
	}
}

test.for<object>([
	{ jwks: "https://auth.example/.well-known/jwks.json" },
	{ publicKey: PEM },
	{ publicKey: `\n${PEM}\n` },
	{ publicKey: JWK },
	{ publicKey: '{"kty":"RSA","n":"0vx7","e":"AQAB"}' },
	{ publicKey: '{"kty":"EC","crv":"P-256","x":"MKBC","y":"4Etl"}' },
	{ secret },
	{ secret: "ä".repeat(16) },
	{ secret, audience: "inbox" },
	{ secret, audience: ["inbox", "outbox"] },
	{ secret, algorithms: ["HS512"] },
	{ publicKey: PEM, algorithms: ["EdDSA", "Ed25519"] },
	{ secret, clockTolerance: "1 minute" },
	{ secret, clockTolerance: 0 },
])("an issuer with %j is accepted", (options) => {
	expect(verdictOn({ issuer, ...options })).toBe("accepted");
});

test("no issuers are accepted, and several issuers are", () => {
	expect(verdictOnAll({})).toBe("accepted");
	expect(
		verdictOnAll({
			[NAME]: { issuer, secret },
			"@other/auth": { issuer: `${issuer}/`, secret },
		}),
	).toBe("accepted");
});

const ONE_OF = "give exactly one of jwks, publicKey, secret";
const ISS = "give the iss claim of its tokens";
const HTTPS = "is not an https URL; give the address of its JSON Web Key Set";
const NO_KEY = "publicKey: this is not a public key; give PEM";

test.for<[unknown, string]>([
	[null, ": expected an object"],
	["https://auth.example", ": expected an object"],
	[[], ": expected an object"],
	[
		{ issuer, secret, audiance: "a" },
		': unknown key "audiance"; use issuer, audience, jwks, publicKey',
	],
	[{ secret }, `.issuer: required; ${ISS}`],
	[{ issuer: "", secret }, `.issuer: "" is not a text; ${ISS}`],
	[{ issuer: 5, secret }, `.issuer: 5 is not a text; ${ISS}`],
	[
		{ issuer },
		`: there is no key (an environment variable that is not set gives none); ${ONE_OF}`,
	],
	[
		{ issuer, secret: undefined },
		`: there is no key (an environment variable that is not set gives none); ${ONE_OF}`,
	],
	[
		{ issuer, secret, publicKey: PEM },
		`: there are publicKey and secret; ${ONE_OF}`,
	],
	[
		{ issuer, secret, audience: "" },
		'.audience: "" is not an audience; give a text or a list of texts',
	],
	[{ issuer, secret, audience: [] }, ".audience: [] is not an audience"],
	[
		{ issuer, secret, audience: ["a", 5] },
		'.audience: ["a",5] is not an audience',
	],
	[{ issuer, secret, audience: null }, ".audience: null is not an audience"],
	[
		{ issuer, jwks: "auth.example/jwks" },
		`.jwks: "auth.example/jwks" ${HTTPS}`,
	],
	[{ issuer, jwks: 5 }, `.jwks: 5 ${HTTPS}`],
	[{ issuer, publicKey: "" }, NO_KEY],
	[{ issuer, publicKey: 5 }, NO_KEY],
	[{ issuer, publicKey: "5" }, NO_KEY],
	[{ issuer, publicKey: "null" }, NO_KEY],
	[{ issuer, publicKey: "[]" }, NO_KEY],
	[{ issuer, publicKey: "{}" }, NO_KEY],
	[{ issuer, publicKey: '{"kty":"oct","k":"c2g"}' }, NO_KEY],
	[{ issuer, publicKey: PEM.slice(0, -5) }, NO_KEY],
	[{ issuer, publicKey: PEM.replaceAll("\n", "\\n") }, NO_KEY],
	[
		{ issuer, publicKey: PEM.replaceAll("PUBLIC", "PRIVATE") },
		".publicKey: this is a private key; give the public key",
	],
	[
		{ issuer, publicKey: '{"kty":"OKP","d":"s"}' },
		".publicKey: this is a private key",
	],
	[{ issuer, secret: "" }, ".secret: this is not a text; give at least 32"],
	[
		{ issuer, secret: 5 },
		".secret: this is not a text; give at least 32 bytes",
	],
	[
		{ issuer, secret: secret.slice(1) },
		".secret: this is 31 bytes long; give at least 32 bytes",
	],
	[
		{ issuer, secret, algorithms: [] },
		".algorithms: [] is not a list of algorithms for a secret; use HS256",
	],
	[
		{ issuer, secret, algorithms: "HS256" },
		'.algorithms: "HS256" is not a list of algorithms for a secret',
	],
	[
		{ issuer, secret, algorithms: ["HS256", "RS256"] },
		'.algorithms: ["HS256","RS256"] is not a list of algorithms for a secret; use HS256, HS384, HS512',
	],
	[
		{ issuer, publicKey: PEM, algorithms: ["HS256"] },
		'.algorithms: ["HS256"] is not a list of algorithms for a key; use RS256, RS384',
	],
	[
		{ issuer, jwks: "https://auth.example/jwks", algorithms: ["none"] },
		'.algorithms: ["none"] is not a list of algorithms for a key',
	],
	[
		{ issuer, secret, clockTolerance: "a while" },
		'.clockTolerance: "a while" is not a duration',
	],
	[
		{ issuer, secret, clockTolerance: -1 },
		".clockTolerance: -1 is not a duration",
	],
])(
	"the error for %j begins with its path and contains %s",
	([options, why]) => {
		const verdict = verdictOn(options);
		const begin = 'tidings.config.ts: issuers["@my-org/auth"]';
		expect(verdict.slice(0, begin.length)).toBe(begin);
		expect(verdict).toContain(why);
	},
);

test("keys are read over https, and over http from this machine only", () => {
	for (const host of [
		"localhost:8787",
		"127.0.0.1:8787",
		"[::1]",
		"a.localhost",
	])
		expect(verdictOn({ issuer, jwks: `http://${host}/jwks` })).toBe("accepted");
	for (const url of [
		"http://auth.example/jwks",
		"http://localhost.example/jwks",
		"http://notlocalhost/jwks",
		"ftp://localhost/jwks",
	])
		expect(verdictOn({ issuer, jwks: url })).toContain(`"${url}" ${HTTPS}`);
});

test.each([
	"auth",
	"@auth",
	"my-org/auth",
	"@my-org/a b",
	"@a/b/c",
	"@a/",
	"",
	"x@a/b",
	"@a/b ",
])("an issuer named %j is rejected", (name) => {
	expect(verdictOn({ issuer, secret }, name)).toBe(
		`tidings.config.ts: issuers[${JSON.stringify(name)}]: an issuer's name must be "@scope/name", at most 100 characters`,
	);
});

test("an issuer's name has at most 100 characters", () => {
	expect(verdictOn({ issuer, secret }, `@a/${"b".repeat(97)}`)).toBe(
		"accepted",
	);
	expect(verdictOn({ issuer, secret }, `@a/${"b".repeat(98)}`)).toContain(
		"at most 100",
	);
});

test.each([null, "x", [], 5])("issuers that are %j are rejected", (issuers) => {
	expect(verdictOnAll(issuers)).toBe(
		"tidings.config.ts: issuers: expected an object",
	);
});

test("two names for one iss claim are rejected", () => {
	expect(
		verdictOnAll({ [NAME]: { issuer, secret }, "@b/c": { issuer, secret } }),
	).toBe(
		`tidings.config.ts: issuers["@b/c"].issuer: "${issuer}" is already the issuer of ${NAME}: its tokens would belong to both names`,
	);
});

test("no error contains a secret", () => {
	const hidden = "hunter2-hunter2";
	for (const options of [
		hidden,
		{ issuer, secret: hidden },
		{ issuer, secret: [hidden] },
		{ issuer, publicKey: hidden },
		{ issuer, publicKey: JSON.stringify({ kty: "RSA", d: hidden }) },
		{ issuer, secret: hidden, publicKey: hidden },
	])
		expect(verdictOn(options)).not.toContain("hunter2");
});

test("the text of a public key never serves as a secret: it allows only asymmetric algorithms", () => {
	expect(algorithmsOf({ issuer, secret })).toEqual(["HS256"]);
	expect(algorithmsOf({ issuer, secret, algorithms: ["HS512"] })).toEqual([
		"HS512",
	]);
	const byKey = algorithmsOf({ issuer, publicKey: PEM });
	expect(byKey).toEqual([
		"RS256",
		"RS384",
		"RS512",
		"PS256",
		"PS384",
		"PS512",
		"ES256",
		"ES384",
		"ES512",
		"EdDSA",
		"Ed25519",
	]);
	expect(algorithmsOf({ issuer, jwks: "https://a/b" })).toEqual(byKey);
});

test("a clock tolerance is converted to seconds, and is 0 by default", () => {
	expect(toleranceSeconds({ issuer })).toBe(0);
	expect(toleranceSeconds({ issuer, clockTolerance: 0 })).toBe(0);
	expect(toleranceSeconds({ issuer, clockTolerance: 1_500 })).toBe(1.5);
	expect(toleranceSeconds({ issuer, clockTolerance: "2 minutes" })).toBe(120);
});

test("a public key is PEM only if its whole text has that form", () => {
	expect(isPem(PEM)).toBe(true);
	expect(isPem(`${PEM} `)).toBe(false);
	expect(isPem(` ${PEM}`)).toBe(false);
	expect(isPem(JWK)).toBe(false);
	expect(isPem(PEM.replace("=", "%"))).toBe(false);
});
