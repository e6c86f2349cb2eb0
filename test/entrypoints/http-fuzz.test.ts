/** Requests of any shape, from callers of every kind. `npm run fuzz` sends more of them, over real HTTP. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { call, installKeys, type KeyName } from "../support/http.ts";
import {
	CALLERS,
	type FuzzCaller,
	faultOf,
	requests,
} from "./fuzz/requests.ts";

beforeAll(installKeys);

const KEYS: readonly FuzzCaller[] = [
	"admin",
	"read",
	"publish",
	"orders",
	"none",
];

/** This Worker has no issuers, so no token of a user is valid. */
const TOKENS: Partial<Record<FuzzCaller, string>> = {
	user: "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
	expired: "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJl",
	forged: "eyJhbGciOiJIUzI1NiJ9.e30.Zm9yZ2Vk",
	unsigned: "eyJhbGciOiJub25lIn0.e30.",
	garbage: "a.b",
	wrong: "tid_admin_secret-of-admin-x",
	stranger: "tid_stranger_secret-of-stranger",
};

const options = { numRuns: 400 };

test("no request results in an undocumented 5xx, or succeeds without permission", async () => {
	await fc.assert(
		fc.asyncProperty(
			requests(100_000),
			fc.constantFrom(...CALLERS),
			async (request, caller) => {
				const { method, path, query, body, headers } = request;
				const token = TOKENS[caller];
				const { status, json } = await call(method, path + query, body, {
					...headers,
					key: KEYS.includes(caller) ? (caller as KeyName) : "",
					...(token && { authorization: `Bearer ${token}` }),
				});
				const text = typeof json === "string" ? json : JSON.stringify(json);
				expect(faultOf(request, caller, { status, text })).toBeUndefined();
			},
		),
		options,
	);
}, 60_000);

test("no request without a known key succeeds", async () => {
	const authorization = fc.oneof(
		fc.constant(undefined),
		fc.string({ unit: fc.constantFrom(..."tid_adminBearer 0") }),
		fc
			.string({ unit: "grapheme-ascii" })
			.map((token) => `Bearer ${token.trim()}`),
		fc
			.string({ unit: fc.constantFrom(..."abc0-_") })
			.map((secret) => `Bearer tid_admin_${secret}`),
	);
	await fc.assert(
		fc.asyncProperty(
			requests(10_000),
			authorization,
			async ({ method, path, query, body, headers }, shown) => {
				const { status } = await call(method, path + query, body, {
					...headers,
					key: "",
					...(shown !== undefined && { authorization: shown }),
				});
				// Outside of /v1 is the user's own.
				if (new URL(path, "https://events.test").pathname.startsWith("/v1/"))
					expect(status).toBe(401);
			},
		),
		options,
	);
}, 60_000);
