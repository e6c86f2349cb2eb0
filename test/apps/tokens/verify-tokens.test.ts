import {
	base64url,
	exportJWK,
	exportSPKI,
	type GenerateKeyPairResult,
	generateKeyPair,
	type JWTPayload,
	SignJWT,
	UnsecuredJWT,
} from "jose";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { verifyTokens } from "../../../src/apps/tokens/tokens.ts";
import type { Issuers } from "../../../src/config/config.ts";
import { settingsOf } from "../../../src/config/settings.ts";

const AUTH = "@my-org/auth";
const ISS = "https://auth.example";
const NOW = Date.UTC(2027, 0, 14);
const SECONDS = NOW / 1_000;
const SECRET = "0123456789abcdef0123456789abcdef";
const account = { accountId: "a1", email: "ada@example.com" };
const encoder = new TextEncoder();

let rsa: GenerateKeyPairResult;
let ec: GenerateKeyPairResult;
let ed: GenerateKeyPairResult;
let rsaPem: string;

beforeAll(async () => {
	rsa = await generateKeyPair("RS256", { extractable: true });
	ec = await generateKeyPair("ES256", { extractable: true });
	ed = await generateKeyPair("EdDSA", { extractable: true });
	rsaPem = await exportSPKI(rsa.publicKey);
});

afterEach(() => vi.useRealTimers());

/** A token of the issuer, valid for an hour. `undefined` removes a claim. */
function signed(
	claims: JWTPayload = {},
	header: { alg: string; kid?: string } = { alg: "HS256" },
	key: CryptoKey | Uint8Array = encoder.encode(SECRET),
): Promise<string> {
	return new SignJWT({ iss: ISS, exp: SECONDS + 3_600, account, ...claims })
		.setProtectedHeader(header)
		.sign(key);
}

const bySecret: Issuers = { [AUTH]: { issuer: ISS, secret: SECRET } };

async function claimsOf(
	tokens: string | string[],
	issuers: Issuers = bySecret,
	fetchKeys?: typeof fetch,
	now = vi.isFakeTimers() ? Date.now() : NOW,
) {
	settingsOf({ issuers });
	const ports = { clock: () => now, ...(fetchKeys && { fetch: fetchKeys }) };
	return verifyTokens([tokens].flat(), issuers, ports);
}

/** Why it was refused; the refusal shows nothing of the tokens. */
async function refusal(
	tokens: string | string[],
	issuers: Issuers = bySecret,
	fetchKeys?: typeof fetch,
): Promise<string> {
	const outcome: unknown = await claimsOf(tokens, issuers, fetchKeys).catch(
		(error) => error,
	);
	expect(outcome).toMatchObject({
		name: "RefusedError",
		code: "invalid_token",
	});
	const { message, stack } = outcome as Error;
	for (const part of [tokens].flat().flatMap((token) => token.split(".")))
		if (part.length > 8) expect(`${message} ${stack}`).not.toContain(part);
	return message;
}

describe("a token", () => {
	test("returns its claims by its issuer's name", async () => {
		const claims = await claimsOf(await signed({ sub: "u1" }));
		expect([...claims.keys()]).toEqual([AUTH]);
		expect(claims.get(AUTH)).toEqual({
			iss: ISS,
			exp: SECONDS + 3_600,
			sub: "u1",
			account,
		});
	});

	test.each(["", "a", "a.b", "a.b.c", "e30.e30.e30", "....", "é.é.é"])(
		"that is %j is rejected",
		async (token) => {
			expect(await refusal(token)).toMatch(
				/^a token is not a JWT|^the iss claim of a token matches no configured issuer/,
			);
		},
	);

	test("that is not a string is rejected, and so are tokens that are not a list", async () => {
		for (const token of [null, undefined, 5, {}, []])
			await expect(claimsOf([token as never])).rejects.toMatchObject({
				code: "invalid_token",
				message: "a token is not a JWT; send it as its issuer returned it",
			});
		for (const tokens of [undefined, null, "a.b.c", {}])
			await expect(
				verifyTokens(tokens as never, bySecret, { clock: () => NOW }),
			).rejects.toMatchObject({
				code: "invalid_token",
				message: "tokens: expected a list; send a list of JWTs",
			});
	});

	test("of an unknown issuer is rejected, and the error names no issuer", async () => {
		for (const iss of ["https://evil.example", `${ISS}/`, ISS.toUpperCase()])
			expect(await refusal(await signed({ iss }))).toBe(
				"the iss claim of a token matches no configured issuer; use a token of an issuer in tidings.config.ts",
			);
		const none = await refusal(await signed({ iss: undefined as never }), {});
		expect(none).toMatch(/configure one in the issuers of tidings.config.ts$/);
	});

	test("with another issuer's name needs that issuer's signature", async () => {
		const issuers: Issuers = {
			...bySecret,
			"@other/auth": {
				issuer: "https://other.example",
				secret: "x".repeat(32),
			},
		};
		const token = await signed({ iss: "https://other.example" });
		expect(await refusal(token, issuers)).toMatch(
			/^the token of @other\/auth has a wrong signature/,
		);
	});

	test.each([
		[{ exp: SECONDS + 1 }, undefined],
		[{ exp: SECONDS }, "has expired; get a new one"],
		[{ exp: SECONDS - 3_600 }, "has expired; get a new one"],
		[{ exp: undefined }, "has no exp claim; use a token that expires"],
		[{ exp: "tomorrow" }, "has a claim exp that is not a time"],
		[{ nbf: SECONDS }, undefined],
		[{ nbf: SECONDS + 1 }, "is not valid yet"],
		[{ nbf: "soon" }, "has a claim nbf that is not a time"],
	])(
		"with %j must have an expiry and is accepted only in its time",
		async (claims, why) => {
			const token = await signed(claims as JWTPayload);
			if (why === undefined) expect((await claimsOf(token)).size).toBe(1);
			else expect(await refusal(token)).toBe(`the token of ${AUTH} ${why}`);
		},
	);

	test("is accepted later and earlier by the tolerance, by our clock", async () => {
		const issuers: Issuers = {
			[AUTH]: { issuer: ISS, secret: SECRET, clockTolerance: "1 minute" },
		};
		for (const claims of [{ exp: SECONDS - 59 }, { nbf: SECONDS + 60 }])
			expect((await claimsOf(await signed(claims), issuers)).size).toBe(1);
		for (const claims of [{ exp: SECONDS - 60 }, { nbf: SECONDS + 61 }])
			await refusal(await signed(claims), issuers);
	});

	test("is accepted only for the configured audience", async () => {
		const forOne: Issuers = {
			[AUTH]: { issuer: ISS, secret: SECRET, audience: "inbox" },
		};
		const forTwo: Issuers = {
			[AUTH]: { issuer: ISS, secret: SECRET, audience: ["inbox", "outbox"] },
		};
		for (const aud of ["inbox", ["x", "inbox"]]) {
			const token = await signed({ aud });
			for (const issuers of [bySecret, forOne, forTwo])
				expect((await claimsOf(token, issuers)).size).toBe(1);
		}
		expect(await refusal(await signed({ aud: "Inbox" }), forOne)).toBe(
			`the token of ${AUTH} is for another audience; use a token for inbox`,
		);
		expect(await refusal(await signed({ aud: [] }), forTwo)).toMatch(
			/use a token for inbox or outbox$/,
		);
		expect(await refusal(await signed(), forOne)).toMatch(/has no aud claim$/);
	});

	test("that is not signed is rejected", async () => {
		const unsecured = new UnsecuredJWT({ iss: ISS, account })
			.setExpirationTime(SECONDS + 60)
			.encode();
		const none = /is signed with "none": its issuer must sign with HS256$/;
		expect(await refusal(unsecured)).toMatch(none);
		const [, payload, signature] = (await signed()).split(".");
		const header = base64url.encode('{"alg":"none"}');
		expect(await refusal(`${header}.${payload}.${signature}`)).toMatch(none);
		const byKey = { [AUTH]: { issuer: ISS, publicKey: rsaPem } };
		expect(await refusal(unsecured, byKey)).toMatch(/is signed with "none"/);
		for (const alg of ["None", "NONE", "", undefined, 5, null]) {
			const odd = base64url.encode(JSON.stringify({ alg }));
			await refusal(`${odd}.${payload}.`);
		}
	});

	test("signed with the text of the public key is rejected", async () => {
		const byKey: Issuers = { [AUTH]: { issuer: ISS, publicKey: rsaPem } };
		for (const text of [rsaPem, rsaPem.trim(), `${rsaPem}\n`]) {
			const forged = await signed({}, { alg: "HS256" }, encoder.encode(text));
			expect(await refusal(forged, byKey)).toMatch(
				/is signed with "HS256": its issuer must sign with RS256, RS384/,
			);
		}
		const wouldBeTrue = await signed({}, { alg: "RS256" }, rsa.privateKey);
		expect((await claimsOf(wouldBeTrue, byKey)).size).toBe(1);
	});

	test("signed with an algorithm that is not configured is rejected", async () => {
		expect(
			await refusal(await signed({}, { alg: "HS512" }, new Uint8Array(64))),
		).toMatch(/is signed with "HS512": its issuer must sign with HS256$/);
		const onlyEs: Issuers = {
			[AUTH]: { issuer: ISS, publicKey: rsaPem, algorithms: ["ES256"] },
		};
		expect(
			await refusal(await signed({}, { alg: "RS256" }, rsa.privateKey), onlyEs),
		).toMatch(/is signed with "RS256": its issuer must sign with ES256$/);
	});

	test("signed with another key, or changed, is rejected: its claims are never used unverified", async () => {
		const fault = /has a wrong signature: it was changed, or/;
		const other = encoder.encode("x".repeat(32));
		expect(await refusal(await signed({}, { alg: "HS256" }, other))).toMatch(
			fault,
		);
		const [header, , signature] = (await signed()).split(".");
		const [, payload] = (await signed({ account: { email: "eve" } })).split(
			".",
		);
		expect(await refusal(`${header}.${payload}.${signature}`)).toMatch(fault);
		expect(await refusal(`${header}.${payload}.`)).toMatch(fault);
	});

	test("with an unknown critical header is rejected", async () => {
		const header = { alg: "HS256", crit: ["x"], x: 1 };
		const [, payload, signature] = (await signed()).split(".");
		const odd = base64url.encode(JSON.stringify(header));
		expect(await refusal(`${odd}.${payload}.${signature}`)).toMatch(
			/cannot be verified/,
		);
	});
});

describe("a public key", () => {
	test("works as PEM or as a JWK, for each key type", async () => {
		for (const [alg, { publicKey, privateKey }] of [
			["RS256", rsa],
			["ES256", ec],
			["EdDSA", ed],
			["Ed25519", ed],
		] as const) {
			const token = await signed({}, { alg }, privateKey);
			const jwk = JSON.stringify(await exportJWK(publicKey));
			for (const text of [await exportSPKI(publicKey), jwk])
				expect(
					(await claimsOf(token, { [AUTH]: { issuer: ISS, publicKey: text } }))
						.size,
					`${alg} ${text}`,
				).toBe(1);
		}
	});

	test("of another key type than the token's is not tried", async () => {
		const token = await signed({}, { alg: "ES256" }, ec.privateKey);
		const jwk = JSON.stringify(await exportJWK(rsa.publicKey));
		for (const publicKey of [rsaPem, jwk])
			expect(
				await refusal(token, { [AUTH]: { issuer: ISS, publicKey } }),
			).toMatch(
				/its algorithm does not match|key that its issuer does not publish/,
			);
	});

	test("with an algorithm and a kid verifies no other tokens", async () => {
		const jwk = { ...(await exportJWK(rsa.publicKey)), alg: "RS512", kid: "a" };
		const issuers: Issuers = {
			[AUTH]: { issuer: ISS, publicKey: JSON.stringify(jwk) },
		};
		const fault = /is signed with a key that its issuer does not publish/;
		const by256 = await signed({}, { alg: "RS256" }, rsa.privateKey);
		expect(await refusal(by256, issuers)).toMatch(fault);
		const key = await crypto.subtle.importKey(
			"jwk",
			(await exportJWK(rsa.privateKey)) as JsonWebKey,
			{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
			false,
			["sign"],
		);
		const byB = await signed({}, { alg: "RS512", kid: "b" }, key);
		expect(await refusal(byB, issuers)).toMatch(fault);
		const byA = await signed({}, { alg: "RS512", kid: "a" }, key);
		expect((await claimsOf(byA, issuers)).size).toBe(1);
	});
});

describe("the keys of an issuer's URL", () => {
	let urls = 0;

	/** An issuer with a URL that no other test has asked; `answer` may be changed. */
	async function published(...kids: (string | undefined)[]) {
		const jwks = `https://auth.example/${++urls}/jwks.json`;
		const keyOf = async (kid: string | undefined) => ({
			...(await exportJWK((kid === "ec" ? ec : rsa).publicKey)),
			...(kid && { kid }),
		});
		const published = {
			keys: await Promise.all(kids.map(keyOf)),
			issuers: { [AUTH]: { issuer: ISS, jwks } } as Issuers,
			fetch: vi.fn(
				async (_url: RequestInfo | URL, _init?: RequestInit) =>
					Response.json({ keys: published.keys }) as Response,
			),
			keyOf,
			jwks,
		};
		return published;
	}

	test("are fetched with a timeout, and cached as data for ten minutes: not once for each token", async () => {
		vi.useFakeTimers({ toFake: ["Date"], now: NOW });
		const { issuers, fetch, jwks } = await published("r1", "ec");
		const byRsa = await signed({}, { alg: "RS256", kid: "r1" }, rsa.privateKey);
		const byEc = await signed({}, { alg: "ES256", kid: "ec" }, ec.privateKey);
		expect((await claimsOf(byRsa, issuers, fetch)).size).toBe(1);
		expect(fetch).toHaveBeenCalledExactlyOnceWith(
			jwks,
			expect.objectContaining({
				redirect: "manual",
				signal: expect.any(AbortSignal),
			}),
		);
		vi.setSystemTime(NOW + 599_000);
		expect((await claimsOf(byEc, issuers, fetch)).size).toBe(1);
		expect(fetch).toHaveBeenCalledTimes(1);
		vi.setSystemTime(NOW + 600_000);
		expect((await claimsOf(byEc, issuers, fetch)).size).toBe(1);
		expect(fetch).toHaveBeenCalledTimes(2);
	});

	test("are fetched again for an unknown key, at most every half minute", async () => {
		vi.useFakeTimers({ toFake: ["Date"], now: NOW });
		const site = await published("r1");
		const { issuers, fetch } = site;
		const old = await signed({}, { alg: "RS256", kid: "r1" }, rsa.privateKey);
		await claimsOf(old, issuers, fetch);
		site.keys.push(await site.keyOf("ec"));
		const token = await signed({}, { alg: "ES256", kid: "ec" }, ec.privateKey);
		const fault = /is signed with a key that its issuer does not publish/;
		vi.setSystemTime(NOW + 29_000);
		expect(await refusal(token, issuers, fetch)).toMatch(fault);
		expect(fetch).toHaveBeenCalledTimes(1);
		vi.setSystemTime(NOW + 31_000);
		expect((await claimsOf(token, issuers, fetch)).size).toBe(1);
		expect(fetch).toHaveBeenCalledTimes(2);
		const madeUp = await signed({}, { alg: "ES256", kid: "x" }, ec.privateKey);
		expect(await refusal(madeUp, issuers, fetch)).toMatch(fault);
		expect(fetch).toHaveBeenCalledTimes(2);
	});

	test("are fetched once for tokens that arrive together, whether they are known or made up", async () => {
		vi.useFakeTimers({ toFake: ["Date"], now: NOW });
		const site = await published("r1");
		const { issuers, fetch } = site;
		const byKid = (kid: string) =>
			signed({}, { alg: "RS256", kid }, rsa.privateKey);
		const genuine = await byKid("r1");
		const first = await Promise.all(
			Array.from({ length: 20 }, () => claimsOf(genuine, issuers, fetch)),
		);
		expect(first.map(({ size }) => size)).toEqual(Array(20).fill(1));
		expect(fetch).toHaveBeenCalledTimes(1);
		vi.setSystemTime(NOW + 31_000);
		await Promise.all(
			Array.from({ length: 50 }, async (_, n) =>
				refusal(await byKid(`made-up-${n}`), issuers, fetch),
			),
		);
		expect(fetch).toHaveBeenCalledTimes(2);
	});

	test("that cannot be fetched are asked for once by tokens that arrive together", async () => {
		const { issuers, fetch } = await published("r1");
		fetch.mockRejectedValue(new TypeError("no network"));
		const token = await signed({}, { alg: "RS256", kid: "r1" }, rsa.privateKey);
		const ends = await Promise.allSettled(
			Array.from({ length: 20 }, () => claimsOf(token, issuers, fetch)),
		);
		expect(new Set(ends.map(({ status }) => status))).toEqual(
			new Set(["rejected"]),
		);
		expect(fetch).toHaveBeenCalledTimes(1);
	});

	test("are not fetched for a token of another issuer or in a wrong form", async () => {
		const { issuers, fetch } = await published("r1");
		await refusal(await signed(), issuers, fetch);
		await refusal(await signed({ iss: "https://evil" }), issuers, fetch);
		expect(fetch).not.toHaveBeenCalled();
	});

	test("are all tried for a token without kid, not only the first", async () => {
		const other = await generateKeyPair("RS256", { extractable: true });
		const site = await published("r1");
		site.keys.unshift({ ...(await exportJWK(other.publicKey)), kid: "r0" });
		const token = await signed({}, { alg: "RS256" }, rsa.privateKey);
		expect((await claimsOf(token, site.issuers, site.fetch)).size).toBe(1);
		const stranger = await generateKeyPair("RS256");
		const forged = await signed({}, { alg: "RS256" }, stranger.privateKey);
		expect(await refusal(forged, site.issuers, site.fetch)).toMatch(
			/has a wrong signature/,
		);
		const expired = await signed(
			{ exp: SECONDS - 1 },
			{ alg: "RS256" },
			rsa.privateKey,
		);
		expect(await refusal(expired, site.issuers, site.fetch)).toMatch(
			/has expired/,
		);
	});

	test.for<[string, () => Promise<Response>]>([
		["does not answer", () => Promise.reject(new TypeError("no network"))],
		[
			"answers too late",
			() => Promise.reject(new DOMException("late", "TimeoutError")),
		],
		["answers 500", async () => new Response("", { status: 500 })],
		[
			"sends elsewhere",
			async () =>
				new Response(null, { status: 302, headers: { location: "https://e" } }),
		],
		["answers no JSON", async () => new Response("<html>")],
		["answers no key set", async () => Response.json({ keys: 5 })],
	])(
		"that %s are an outage of the issuer, not an invalid token, and are fetched again after ten seconds",
		async ([, answer]) => {
			vi.useFakeTimers({ toFake: ["Date"], now: NOW });
			const { issuers, fetch } = await published("r1");
			fetch.mockImplementationOnce(answer);
			const token = await signed(
				{},
				{ alg: "RS256", kid: "r1" },
				rsa.privateKey,
			);
			for (const seconds of [0, 0, 9]) {
				vi.setSystemTime(NOW + seconds * 1_000);
				await expect(claimsOf(token, issuers, fetch)).rejects.toMatchObject({
					name: "UnavailableError",
					code: "unavailable",
					message: `the keys of ${AUTH} cannot be read; try again later`,
				});
			}
			expect(fetch).toHaveBeenCalledTimes(1);
			vi.setSystemTime(NOW + 10_000);
			expect((await claimsOf(token, issuers, fetch)).size).toBe(1);
			expect(fetch).toHaveBeenCalledTimes(2);
		},
	);
});

describe("several tokens", () => {
	const other = "https://other.example";
	const issuers: Issuers = {
		...bySecret,
		"@other/auth": { issuer: other, secret: SECRET },
	};

	test("of several issuers are verified separately", async () => {
		const tokens = [
			await signed({ sub: "u1" }),
			await signed({ iss: other, sub: "u2" }),
		];
		const claims = await claimsOf(tokens, issuers);
		expect(claims.get(AUTH)).toMatchObject({ iss: ISS, sub: "u1" });
		expect(claims.get("@other/auth")).toMatchObject({ iss: other, sub: "u2" });
		expect((await claimsOf([])).size).toBe(0);
	});

	test("of one issuer are merged if equal claims have equal values", async () => {
		const calendar = { calendarId: "c1" };
		const claims = await claimsOf([
			await signed({ sub: "u1", jti: "1", iat: 1, nbf: 1, aud: "a" }),
			await signed({
				sub: "u1",
				jti: "2",
				iat: 2,
				nbf: 2,
				aud: "b",
				exp: SECONDS + 60,
				account: undefined,
				calendar,
			}),
		]);
		expect(claims.get(AUTH)).toMatchObject({ sub: "u1", account, calendar });
	});

	test.each([
		[{ sub: "u1" }, { sub: "u2" }, "sub"],
		[{}, { account: { ...account, email: "eve@example.com" } }, "account"],
		[{ n: 1 }, { n: "1" }, "n"],
		[{ constructor: 1 }, { constructor: 2 }, "constructor"],
	])(
		"of one issuer and two users are rejected: %j and %j",
		async (some, more, claim) => {
			const tokens = [await signed(some), await signed(more)];
			for (const order of [tokens, tokens.toReversed()])
				expect(await refusal(order)).toBe(
					`two tokens of ${AUTH} differ in their claim "${claim}"; send tokens of one user`,
				);
		},
	);

	test.each([
		[{}, {}],
		[{ sub: "u1" }, {}],
		[{ role: "user" }, { role: "user" }],
		[{ sub: "" }, { sub: "" }],
		[{ sub: 1 }, { sub: 1 }],
	])(
		"of one issuer are rejected unless their sub shows one user: %j and %j",
		async (some, more) => {
			const calendar = { calendarId: "c1" };
			const tokens = [
				await signed(some as JWTPayload),
				await signed({ ...more, account: undefined, calendar } as JWTPayload),
			];
			for (const order of [tokens, tokens.toReversed()])
				expect(await refusal(order)).toBe(
					`two tokens of ${AUTH} do not have the same sub claim; send tokens of one user, whose sub is a text`,
				);
		},
	);

	test("are all rejected if one is", async () => {
		const expired = await signed({ exp: SECONDS - 1 });
		for (const tokens of [
			[await signed(), expired],
			[expired, await signed()],
		])
			expect(await refusal(tokens)).toMatch(/has expired/);
	});
});
