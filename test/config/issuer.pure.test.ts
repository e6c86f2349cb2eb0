import { expect, test } from "vitest";
import {
	algorithmsOf,
	checkIssuers,
	isPem,
	toleranceSeconds,
} from "../../src/config/issuer.ts";

const NAME = "@my-org/auth";
const PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`;
const JWK = JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "11qY" });
const issuer = "https://auth.example";
const secret = "0123456789abcdef0123456789abcdef";

/** What the check says of this issuer, or "taken". */
function verdictOn(options: unknown, name = NAME): string {
	try {
		checkIssuers({ [name]: options });
		return "taken";
	} catch (error) {
		expect(error).toBeInstanceOf(TypeError);
		return (error as Error).message;
	}
}

test.for<object>([
	{ jwks: "https://auth.example/.well-known/jwks.json" },
	{ jwks: "http://localhost:8787/jwks" },
	{ jwks: "http://127.0.0.1:8787/jwks" },
	{ jwks: "http://[::1]/jwks" },
	{ jwks: "http://auth.localhost/jwks" },
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
])("an issuer with %j is taken", (options) => {
	expect(verdictOn({ issuer, ...options })).toBe("taken");
});

test("no issuer at all is taken, and several are", () => {
	checkIssuers({});
	checkIssuers({
		[NAME]: { issuer, secret },
		"@other/auth": { issuer: `${issuer}/`, secret },
	});
});

const ONE_OF = "give one of jwks, publicKey, secret; ";

test.for<[unknown, string]>([
	[null, "it is not an object"],
	["https://auth.example", "it is not an object"],
	[[], "it is not an object"],
	[{ issuer, secret, audiance: "a" }, 'the issuer: unknown member "audiance"'],
	[{ secret }, "issuer: undefined is not the iss claim"],
	[{ issuer: "", secret }, 'issuer: "" is not the iss claim'],
	[{ issuer: 5, secret }, "issuer: 5 is not the iss claim"],
	[{ issuer }, `${ONE_OF}none is there: a variable that is not set is none`],
	[{ issuer, secret: undefined }, `${ONE_OF}none is there`],
	[
		{ issuer, secret, publicKey: PEM },
		`${ONE_OF}publicKey and secret are there`,
	],
	[{ issuer, secret, audience: "" }, 'audience: "" is neither a text'],
	[{ issuer, secret, audience: [] }, "audience: [] is neither a text"],
	[{ issuer, secret, audience: ["a", 5] }, 'audience: ["a",5] is neither'],
	[{ issuer, secret, audience: null }, "audience: null is neither a text"],
	[{ issuer, jwks: "auth.example/jwks" }, "jwks: "],
	[{ issuer, jwks: 5 }, "jwks: 5 is not an https URL"],
	[{ issuer, jwks: "http://auth.example/jwks" }, "is not an https URL"],
	[{ issuer, jwks: "http://localhost.example/jwks" }, "is not an https URL"],
	[{ issuer, jwks: "http://notlocalhost/jwks" }, "is not an https URL"],
	[{ issuer, jwks: "ftp://localhost/jwks" }, "is not an https URL"],
	[{ issuer, publicKey: "" }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: 5 }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: "5" }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: "null" }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: "[]" }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: "{}" }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: '{"kty":"oct","k":"c2g"}' }, "it is neither PEM"],
	[{ issuer, publicKey: PEM.slice(0, -5) }, "publicKey: it is neither PEM"],
	[{ issuer, publicKey: PEM.replaceAll("\n", "\\n") }, "it is neither PEM"],
	[
		{ issuer, publicKey: PEM.replaceAll("PUBLIC", "PRIVATE") },
		"publicKey: it is a private key: give the public one",
	],
	[{ issuer, publicKey: '{"kty":"OKP","d":"s"}' }, "it is a private key"],
	[{ issuer, secret: "" }, "secret: it is not a text: give at least 32"],
	[{ issuer, secret: 5 }, "secret: it is not a text: give at least 32 bytes"],
	[{ issuer, secret: secret.slice(1) }, "secret: it is 31 bytes long"],
	[{ issuer, secret, algorithms: [] }, "algorithms: []: for a secret give"],
	[{ issuer, secret, algorithms: "HS256" }, 'algorithms: "HS256": for a'],
	[
		{ issuer, secret, algorithms: ["HS256", "RS256"] },
		'algorithms: ["HS256","RS256"]: for a secret give some of HS256, HS384, HS512',
	],
	[
		{ issuer, publicKey: PEM, algorithms: ["HS256"] },
		'algorithms: ["HS256"]: for a key give some of RS256, RS384',
	],
	[
		{ issuer, jwks: "https://auth.example/jwks", algorithms: ["none"] },
		'algorithms: ["none"]: for a key give',
	],
	[
		{ issuer, secret, clockTolerance: "a while" },
		'clockTolerance: "a while" is not a duration',
	],
	[{ issuer, secret, clockTolerance: -1 }, "clockTolerance: -1 is not a"],
])("an issuer is refused by its path: %#", ([options, why]) => {
	const verdict = verdictOn(options);
	expect(verdict.startsWith('issuers["@my-org/auth"]: ')).toBe(true);
	expect(verdict).toContain(why);
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
])("an issuer named %j is refused", (name) => {
	expect(verdictOn({ issuer, secret }, name)).toBe(
		`issuers[${JSON.stringify(name)}]: an issuer's name is "@scope/name", at most 100 characters`,
	);
});

test("an issuer's name has at most 100 characters", () => {
	expect(verdictOn({ issuer, secret }, `@a/${"b".repeat(97)}`)).toBe("taken");
	expect(verdictOn({ issuer, secret }, `@a/${"b".repeat(98)}`)).toContain(
		"at most 100",
	);
});

test.each([null, undefined, "x", [], 5])(
	"issuers that are %j are refused",
	(issuers) => {
		expect(() => checkIssuers(issuers)).toThrow(
			new TypeError("issuers: it is not an object"),
		);
	},
);

test("two names for one iss claim are refused, for a token would be of both", () => {
	expect(() =>
		checkIssuers({ [NAME]: { issuer, secret }, "@b/c": { issuer, secret } }),
	).toThrow(
		`issuers["@b/c"]: issuer: "${issuer}" is ${NAME} already: a token would be of both`,
	);
});

test("no refusal shows a secret", () => {
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

test("tokens are signed by a key's forms where there is a key, by HS256 where there is a secret, never by none", () => {
	expect(algorithmsOf({ issuer, secret })).toEqual(["HS256"]);
	expect(algorithmsOf({ issuer, secret, algorithms: ["HS512"] })).toEqual([
		"HS512",
	]);
	const byKey = algorithmsOf({ issuer, publicKey: PEM });
	expect(byKey).toEqual([
		...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
		...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
	]);
	expect(algorithmsOf({ issuer, jwks: "https://a/b" })).toEqual(byKey);
});

test("a tolerance is a duration, in seconds, and 0 unless it is given", () => {
	expect(toleranceSeconds({ issuer })).toBe(0);
	expect(toleranceSeconds({ issuer, clockTolerance: 0 })).toBe(0);
	expect(toleranceSeconds({ issuer, clockTolerance: 1_500 })).toBe(1.5);
	expect(toleranceSeconds({ issuer, clockTolerance: "2 minutes" })).toBe(120);
});

test("PEM is told from a JWK by its whole form", () => {
	expect(isPem(PEM)).toBe(true);
	expect(isPem(`${PEM} `)).toBe(false);
	expect(isPem(` ${PEM}`)).toBe(false);
	expect(isPem(JWK)).toBe(false);
	expect(isPem(PEM.replace("=", "%"))).toBe(false);
});
