/** Requests of any shape: none makes the door fail, and none without a key succeeds. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { call, installKeys, type KeyName } from "../support/http.ts";

beforeAll(installKeys);

const id = fc.oneof(
	fc.constant("01a1fc58-179d-7042-a27b-c7a89af9ee02"),
	fc.constant("replay"),
	fc.string().map(encodeURIComponent),
);
const path = fc.oneof(
	fc.constantFrom(
		"/v1/events",
		"/v1/scheduled",
		"/v1/dead-letters",
		"/v1/handlers",
		"/v1/dead-letters/replay",
		"/v1",
		"/v1/",
		"/v1//events",
		"/V1/events",
		"/v1/events/",
	),
	id.map((part) => `/v1/scheduled/${part}`),
	id.map((part) => `/v1/dead-letters/${part}`),
	id.map((part) => `/v1/dead-letters/${part}/replay`),
	fc.webPath().map((rest) => `/v1${rest}`),
);
const query = fc.oneof(
	fc.constant(""),
	fc
		.record(
			{ limit: fc.string(), cursor: fc.base64String(), event: fc.string() },
			{ requiredKeys: [] },
		)
		.map((members) => `?${new URLSearchParams(members)}`),
);
const method = fc.constantFrom(
	"GET",
	"POST",
	"PATCH",
	"DELETE",
	"PUT",
	"OPTIONS",
);
const event = fc.record(
	{
		name: fc.oneof(
			fc.constantFrom("order.placed", "user.joined", "order.*"),
			fc.jsonValue(),
		),
		body: fc.jsonValue(),
		after: fc.oneof(
			fc.constantFrom("1 day", 5_000, "2027-02-30T00:00:00Z"),
			fc.jsonValue(),
		),
		id: fc.string(),
		["__proto__"]: fc.jsonValue(),
	},
	{ requiredKeys: [] },
);
const body = fc.oneof(
	fc.constant(undefined),
	event,
	fc.array(event, { maxLength: 5 }),
	fc.jsonValue(),
	fc.string().map((text) => `{"name":"order.placed"${text}`),
);
const headers = fc.record(
	{
		"content-type": fc.constantFrom(
			"application/json",
			"application/json; charset=utf-8",
			"text/plain",
			"application/cloudevents+json",
			"multipart/form-data",
		),
		"x-http-method-override": fc.constantFrom("GET", "DELETE"),
	},
	{ requiredKeys: [] },
);
const request = fc.record({ method, path, query, body, headers });

const options = { numRuns: 400 };

test("no request results in a 5xx, except for unsupported features", async () => {
	const key = fc.constantFrom<KeyName>(
		"admin",
		"read",
		"publish",
		"orders",
		"none",
	);
	await fc.assert(
		fc.asyncProperty(
			request,
			key,
			async ({ method, path, query, body, headers }, key) => {
				const sent = method === "GET" ? undefined : body;
				const { status, json } = await call(method, path + query, sent, {
					...headers,
					key,
				});
				expect(
					status < 500 || status === 501,
					`${status} ${JSON.stringify(json)}`,
				).toBe(true);
				if (status >= 400)
					expect(json).toMatchObject({
						status,
						code: expect.any(String),
						detail: expect.any(String),
					});
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
			request,
			authorization,
			async ({ method, path, query, body, headers }, shown) => {
				const sent = method === "GET" ? undefined : body;
				const { status } = await call(method, path + query, sent, {
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
