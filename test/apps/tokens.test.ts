/** Users' tokens at every entry point of apps: only genuine tokens are accepted. */
import { SignJWT, UnsecuredJWT } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { asApp, refusal } from "./as-app.ts";
import { acts } from "./more-apps.ts";
import { call, stopped } from "./support.ts";
import { events, SECRET } from "./worker.ts";

const NAME = "@test/bell/rung";
const door = { floor: 1, isOpen: true, name: "front" };
const key = (text: string) => new TextEncoder().encode(text);

interface Making {
	claims?: Record<string, unknown>;
	issuer?: string;
	alg?: string;
	secret?: string;
	expires?: string | number | Date | null;
	notBefore?: string;
}

async function signed({
	claims = { door },
	issuer = "https://auth.example",
	alg = "HS256",
	secret = SECRET,
	expires = "1 hour",
	notBefore,
}: Making = {}): Promise<string> {
	const jwt = new SignJWT(claims).setProtectedHeader({ alg }).setIssuer(issuer);
	if (expires !== null) jwt.setExpirationTime(expires);
	if (notBefore !== undefined) jwt.setNotBefore(notBefore);
	return jwt.sign(key(secret));
}

const swapped = (token: string, at: number, part: string) =>
	token.split(".").with(at, part).join(".");
const base64url = (value: unknown) =>
	btoa(JSON.stringify(value))
		.replaceAll("=", "")
		.replaceAll("+", "-")
		.replaceAll("/", "_");

/** Each is a token that its issuer did not give, or not for now. */
const FORGED: [string, () => Promise<string>][] = [
	["has expired", () => signed({ expires: "-1 second" })],
	["has no expiry", () => signed({ expires: null })],
	["is not valid yet", () => signed({ notBefore: "1 minute" })],
	["is another issuer's", () => signed({ issuer: "https://evil.example" })],
	[
		"is of the issuer's name in another case",
		() => signed({ issuer: "https://AUTH.example" }),
	],
	["is signed with another secret", () => signed({ secret: "x".repeat(40) })],
	["is signed with another algorithm", () => signed({ alg: "HS512" })],
	[
		"is not signed",
		async () =>
			new UnsecuredJWT({ door })
				.setIssuer("https://auth.example")
				.setExpirationTime("1 hour")
				.encode(),
	],
	[
		"says alg none and keeps its signature",
		async () => swapped(await signed(), 0, base64url({ alg: "none" })),
	],
	[
		"says alg None",
		async () => swapped(await signed(), 0, base64url({ alg: "None" })),
	],
	[
		"says RS256 of what a secret signed",
		async () => swapped(await signed(), 0, base64url({ alg: "RS256" })),
	],
	[
		"was given other claims",
		async () =>
			swapped(
				await signed(),
				1,
				base64url({
					iss: "https://auth.example",
					exp: Math.floor(Date.now() / 1_000) + 3_600,
					door: { ...door, name: "back" },
				}),
			),
	],
	["has no signature", async () => swapped(await signed(), 2, "")],
];

/** Genuine tokens without the fields of the event's key. */
const LACKING: [string, Record<string, unknown>][] = [
	["no claim of the type", {}],
	["the claim in another case", { Door: door }],
	["a text as the claim", { door: "front" }],
	["null as the claim", { door: null }],
	["a list as the claim", { door: [door] }],
	["a field too few", { door: { name: "front", floor: 1 } }],
	[
		"a field in another case",
		{ door: { Name: "front", floor: 1, isOpen: true } },
	],
	["null as a field", { door: { ...door, name: null } }],
	["an empty text as a field", { door: { ...door, name: "" } }],
	["an object as a field", { door: { ...door, name: {} } }],
	["a list as a field", { door: { ...door, name: ["front"] } }],
	["a number that is not exact", { door: { ...door, floor: 2 ** 53 } }],
];

const asked = { app: "@test/guest", source: "@test/bell", event: "rung" };

const HTTP: [string, (token: string) => Promise<Response>][] = [
	[
		"POST /v1/subscriptions",
		(token) =>
			call("POST", "/v1/subscriptions", {
				token,
				body: JSON.stringify({ ...asked, tool: "act" }),
			}),
	],
	[
		"DELETE /v1/subscriptions",
		(token) =>
			call("DELETE", "/v1/subscriptions", {
				token,
				body: JSON.stringify(asked),
			}),
	],
	[
		"GET /v1/subscriptions",
		(token) =>
			call("GET", "/v1/subscriptions?source=@test/bell&event=rung", { token }),
	],
];

let ran = 0;
beforeEach(() => {
	ran = 0;
	acts.set("@test/guest", () => void ran++);
});

const subscribers = async () =>
	(await boundSubscriptions(NAME).state()).subscribers;

describe.each(FORGED)("a token that %s", (_, make) => {
	test("runs no tool through the library, alone or with other tokens", async () => {
		const [token, genuine] = [await make(), await signed()];
		for (const tokens of [[token], [genuine, token], [token, genuine]]) {
			const run = events.apps.run("@test/guest", "act", null, { tokens });
			expect((await refusal(run)).code).toBe("invalid_token");
		}
		expect(ran).toBe(0);
	});

	test("runs no tool over HTTP, and the response does not contain it", async () => {
		const token = await make();
		const response = await call("POST", "/v1/apps/@test/guest/tools/act", {
			token,
			body: "{}",
		});
		expect(response.status).toBe(401);
		const text = await response.text();
		for (const part of token.split("."))
			if (part.length > 8) expect(text).not.toContain(part);
		expect(ran).toBe(0);
	});

	test.each(HTTP)("is rejected at %s", async (_, ask) => {
		const response = await ask(await make());
		expect(response.status).toBe(401);
		expect(await subscribers()).toBe(0);
	});

	test("does not reveal which apps, events and tools exist", async () => {
		const token = await make();
		const body = JSON.stringify({ ...asked, app: "@no/app", tool: "no" });
		const paths: [string, string, string | undefined][] = [
			["POST", "/v1/apps/@no/app/tools/no", "{}"],
			["POST", "/v1/apps/@test/guest/tools/no", "{}"],
			["POST", "/v1/subscriptions", body],
			["GET", "/v1/subscriptions?source=@no/app&event=rung", undefined],
			["GET", "/v1/subscriptions?source=@test/bell&event=no", undefined],
			[
				"DELETE",
				"/v1/subscriptions",
				JSON.stringify({ ...asked, source: "@no/app" }),
			],
		];
		for (const [method, path, body] of paths) {
			const response = await call(method, path, {
				token,
				...(body !== undefined && { body }),
			});
			expect([path, response.status]).toEqual([path, 401]);
			expect(await response.text()).not.toContain("@my-org/email");
		}
	});
});

describe("a genuine token with", () => {
	test.each(LACKING)(
		"%s makes no subscription through any entry point",
		async (_, claims) => {
			const token = await signed({ claims });
			const inCode = asApp(
				"@test/guest",
				({ event }) => event.subscribe("@test/bell", "rung", "act"),
				[token],
			);
			expect((await refusal(inCode)).code).toBe("invalid_token");
			for (const [, ask] of HTTP) {
				const response = await ask(token);
				expect(response.status).toBe(401);
				expect(await response.json()).toMatchObject({ code: "invalid_token" });
			}
			expect(await subscribers()).toBe(0);
		},
	);
});

describe("the key of a subscription", () => {
	test("contains only claims of the token, and no other input of the caller", async () => {
		const token = await signed();
		const body = JSON.stringify({
			...asked,
			tool: "act",
			key: { name: "back", floor: 1, isOpen: true },
		});
		const refused = await call("POST", "/v1/subscriptions", { token, body });
		expect(refused.status).toBe(400);
		await HTTP[0]?.[1](token);
		expect(await boundSubscriptions(NAME).list({ limit: 9 })).toMatchObject([
			{
				app: "@test/guest",
				key: [
					["floor", 1],
					["isOpen", true],
					["name", "front"],
				],
			},
		]);
		await HTTP[1]?.[1](token);
		await stopped(NAME);
	});

	test("never combines tokens of two users", async () => {
		const tokens = [
			await signed({ claims: { sub: "ada", door } }),
			await signed({ claims: { sub: "ben", account: { accountId: "b2" } } }),
		];
		const both = events.apps.run("@test/guest", "act", null, { tokens });
		expect((await refusal(both)).code).toBe("invalid_token");
		const response = await call("POST", "/v1/subscriptions", {
			token: tokens[0] as string,
			body: JSON.stringify({ ...asked, tool: "act", tokens: [tokens[1]] }),
		});
		expect(response.status).toBe(401);
	});

	test("lists only the user's own subscriptions", async () => {
		const [mine, theirs] = [
			await signed(),
			await signed({ claims: { door: { ...door, name: "back" } } }),
		];
		for (const token of [mine, theirs]) await HTTP[0]?.[1](token);
		const list = await HTTP[2]?.[1](mine);
		expect(await list?.json()).toMatchObject({
			subscriptions: [{ key: door }],
		});
		for (const token of [mine, theirs]) await HTTP[1]?.[1](token);
		await stopped(NAME);
	});
});

describe("without any token", () => {
	test.each([
		"Bearer",
		"Bearer x",
		"Bearer a.b",
		"Basic YTpi",
		"Bearer a.b.c.d",
	])("%s is rejected over HTTP", async (authorization) => {
		const { default: worker } = await import("./worker.ts");
		for (const path of [
			"/v1/apps/@test/guest/tools/act",
			"/v1/subscriptions",
		]) {
			const request = new Request(`https://events.example${path}`, {
				method: "POST",
				headers: { authorization, "content-type": "application/json" },
				body: "{}",
			});
			const response = await worker.fetch(
				request as never,
				{} as never,
				{} as never,
			);
			expect(response.status).toBe(401);
		}
	});

	test("a user's token is rejected on all other paths", async () => {
		const token = await signed();
		for (const [method, path] of [
			["POST", "/v1/events"],
			["GET", "/v1/scheduled"],
			["GET", "/v1/dead-letters"],
			["GET", "/v1/handlers"],
		] as const)
			expect(
				(
					await call(method, path, {
						token,
						...(method === "POST" && { body: "{}" }),
					})
				).status,
			).toBe(401);
		for (const method of ["GET", "POST"])
			expect(
				(
					await call(method, "/v1/apps/@test/bell/events/rung/webhook", {
						token,
					})
				).status,
			).toBe(403);
	});
});
