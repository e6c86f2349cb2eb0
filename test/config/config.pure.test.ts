import { describe, expect, test } from "vitest";
import { type Config, settingsOf } from "../../src/config/config.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";

const DAY = 86_400_000;

describe("a configuration", () => {
	test("that says nothing means no other Workers, no routes, 4 shards and the longest retention", () => {
		const nothing = {
			subscribers: {},
			routing: { overrides: [], defaults: {} },
			issuers: {},
			url: "http://localhost:8787",
			shards: { now: 4, all: 4 },
			retention: { queues: 14 * DAY, deadLetters: 90 * DAY },
		};
		expect(settingsOf()).toEqual(nothing);
		expect(settingsOf({})).toEqual(nothing);
	});

	test.for([
		[
			{ now: 4, before: 8 },
			{ now: 4, all: 8 },
		],
		[
			{ now: 8, before: 4 },
			{ now: 8, all: 8 },
		],
	])("with shards %j has %j", ([shards, expected]) => {
		expect(settingsOf({ shards } as Config).shards).toEqual(expected);
	});

	test("comes to plain data in milliseconds", () => {
		const config = {
			subscribers: { mail: { binding: "MAIL" } },
			routes: {
				"send-welcome-email": { events: ["user.registered", "user.verified"] },
				receipts: { handler: "mail/send", events: "order.*", retries: 3 },
				"mail/audit": { timeout: "10 seconds" },
			},
			defaults: { retries: 2, timeout: "20 seconds" },
			issuers: {
				"@my-org/auth": {
					issuer: "https://auth.example",
					jwks: "https://auth.example/keys",
				},
			},
			url: "https://events.example/",
			shards: 256,
			retention: { queues: "1 day", deadLetters: "30 days" },
		} as const;
		expect(settingsOf(config as Config)).toEqual({
			subscribers: { mail: "MAIL" },
			routing: {
				overrides: [
					{
						id: "send-welcome-email",
						handler: "send-welcome-email",
						patterns: ["user.registered", "user.verified"],
					},
					{
						id: "receipts",
						handler: "mail/send",
						patterns: ["order.*"],
						policy: policyOf(3),
					},
					{ id: "mail/audit", handler: "mail/audit", timeout: 10_000 },
				],
				defaults: { policy: policyOf(2), timeout: 20_000 },
			},
			issuers: config.issuers,
			url: "https://events.example",
			shards: { now: 256, all: 256 },
			retention: { queues: DAY, deadLetters: 30 * DAY },
		});
	});
});

describe("the error for a wrong value names its path", () => {
	test.for<[string, unknown, RegExp]>([
		["no object", [], /config: expected an object, got \[\]/],
		["nothing at all", null, /config: expected an object, got null/],
		[
			"a misspelt member",
			{ subscriber: {} },
			/config: .*unknown member "subscriber": use subscribers, routes/,
		],
		[
			"a key with a slash",
			{ subscribers: { "a/b": { binding: "A" } } },
			/subscribers: the key "a\/b" is not 1 to 64 of A-Z/,
		],
		[
			"no binding",
			{ subscribers: { mail: {} } },
			/subscribers\.mail: binding undefined is not the name/,
		],
		[
			"an empty binding",
			{ subscribers: { mail: { binding: "" } } },
			/subscribers\.mail: binding ""/,
		],
		[
			"a binding as text",
			{ subscribers: { mail: "MAIL" } },
			/subscribers\.mail: expected \{ binding: "…" \}, got "MAIL"/,
		],
		[
			"a binding misspelt",
			{ subscribers: { mail: { bind: "MAIL" } } },
			/subscribers\.mail: the subscriber: unknown member "bind": use binding/,
		],
		["a list of Workers", { subscribers: [] }, /subscribers: .*got \[\]/],
		["a list of routes", { routes: [] }, /routes: .*got \[\]/],
		["no routes at all", { routes: null }, /routes: .*got null/],
		[
			"a misspelt route",
			{ routes: { a: { event: "x" } } },
			/routes\["a"\]: the route: unknown member "event": use events, handler/,
		],
		[
			"a pattern that is none",
			{ routes: { a: { events: ["x", "no name"] } } },
			/routes\["a"\]: events: "no name" is neither a name nor a pattern: give segments of A-Z/,
		],
		[
			"events as a number",
			{ routes: { a: { events: 1 } } },
			/routes\["a"\]: events: 1 is neither/,
		],
		[
			"a handler that is none",
			{ routes: { a: { handler: "" } } },
			/routes\["a"\]: handler "" is not a handler's id: 1 to 128 characters/,
		],
		[
			"a Worker for a handler",
			{ routes: { a: { handler: "mail/" } } },
			/routes\["a"\]: handler "mail\/" is not/,
		],
		[
			"a route without a name",
			{ routes: { "": {} } },
			/routes\[""\]: the route's name is not a handler's id: 1 to 128 characters/,
		],
		[
			"a route with a space",
			{ routes: { "a b": {} } },
			/routes\["a b"\]: the route's name/,
		],
		[
			"a route for all of a Worker",
			{ routes: { "mail/*": {} } },
			/routes\["mail\/\*"\]: the route's name/,
		],
		[
			"all of a Worker for a handler",
			{ routes: { a: { handler: "mail/*" } } },
			/routes\["a"\]: handler "mail\/\*" is not/,
		],
		[
			"a route for no events",
			{ routes: { a: { events: [] } } },
			/routes\["a"\]: events: an empty list calls nobody/,
		],
		[
			"a Worker under two keys",
			{ subscribers: { a: { binding: "MAIL" }, b: { binding: "MAIL" } } },
			/subscribers\.b: binding "MAIL" has another key already, a/,
		],
		[
			"retries that are none",
			{ routes: { a: { retries: -1 } } },
			/routes\["a"\]: retries: limit: -1/,
		],
		[
			"too long a timeout",
			{ routes: { a: { timeout: "2 minutes" } } },
			/routes\["a"\]: timeout 120000 ms is over 60000/,
		],
		[
			"a default that is none",
			{ defaults: { timeout: "soon" } },
			/defaults: timeout: "soon" is not a duration/,
		],
		[
			"a default misspelt",
			{ defaults: { retry: 1 } },
			/defaults: the defaults: unknown member "retry"/,
		],
		[
			"no shards",
			{ shards: 0 },
			/shards: 0 is not a whole number from 1 to 256/,
		],
		["half a shard", { shards: 1.5 }, /shards: 1.5 is not/],
		["shards as text", { shards: "4" }, /shards: "4" is not a whole number/],
		["too many shards", { shards: 257 }, /shards: 257 is not/],
		[
			"shards that are to be, and no others",
			{ shards: { now: 4 } },
			/shards: undefined is not a whole number/,
		],
		[
			"too many shards before",
			{ shards: { now: 4, before: 300 } },
			/shards: 300 is not/,
		],
		[
			"shards misspelt",
			{ shards: { now: 4, later: 8 } },
			/the shards: unknown member "later": use now, before/,
		],
		[
			"issuers that are none",
			{ issuers: { auth: { issuer: "x" } } },
			/issuers\["auth"\]: an issuer's name is "@scope\/name"/,
		],
		[
			"a URL that is none",
			{ url: "events.example" },
			/url: "events.example" is no URL/,
		],
		[
			"a retention that is none",
			{ retention: { queues: "a while" } },
			/retention: queues: "a while" is not a duration/,
		],
		[
			"a queue that keeps longer than any can",
			{ retention: { queues: "1 month" } },
			/retention: queues: "1 month" is over 14 days, the longest that a queue keeps a message/,
		],
		[
			"a retention misspelt",
			{ retention: { queue: 1 } },
			/retention: the retention: unknown member "queue"/,
		],
	])("%s", ([, config, message]) => {
		const check = () => settingsOf(config as Config);
		expect(check).toThrow(TypeError);
		expect(check).toThrow(message);
		expect(check).toThrow(/^tidings\.config\.ts: /);
	});
});
