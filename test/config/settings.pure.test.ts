import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { settingsOf } from "../../src/config/settings.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";

const DAY = 86_400_000;

describe("settingsOf", () => {
	test("an empty configuration has no other Workers, no routes, 4 shards and the longest retention", () => {
		const defaults = {
			subscribers: {},
			routing: { overrides: [], defaults: {} },
			issuers: {},
			url: "http://localhost:8787",
			shards: { now: 4, all: 4 },
			retention: { queues: 14 * DAY, deadLetters: 90 * DAY },
			journal: {
				record: "all",
				bodies: "failed",
				maxBytes: 2_048,
				retention: 7 * DAY,
			},
		};
		expect(settingsOf()).toEqual(defaults);
		expect(settingsOf({})).toEqual(defaults);
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
	])("shards %j result in %j", ([shards, expected]) => {
		expect(settingsOf({ shards } as Config).shards).toEqual(expected);
	});

	test("a configuration results in plain data in milliseconds", () => {
		const config = {
			subscribers: { mail: { binding: "MAIL", apps: ["@acme/mail"] } },
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
			journal: false,
		} as const;
		expect(settingsOf(config as Config)).toEqual({
			subscribers: { mail: { binding: "MAIL", apps: ["@acme/mail"] } },
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
			journal: false,
		});
	});
});

describe("the error for a wrong value begins with its path", () => {
	test.for<[string, unknown, string]>([
		["an array", [], "expected an object, got []"],
		["null", null, "expected an object, got null"],
		[
			"an unknown key",
			{ subscriber: {} },
			'unknown key "subscriber"; use subscribers, routes, defaults, issuers, url, shards, retention',
		],
		[
			"a Worker's key with a slash",
			{ subscribers: { "a/b": { binding: "A" } } },
			'subscribers["a/b"]: the key must be 1 to 64 characters of A-Z a-z 0-9 _ -',
		],
		[
			"a missing binding",
			{ subscribers: { mail: {} } },
			"subscribers.mail.binding: required; give the name of a service binding",
		],
		[
			"an empty binding",
			{ subscribers: { mail: { binding: "" } } },
			'subscribers.mail.binding: "" is not a name; give the name of a service binding',
		],
		[
			"a binding as text",
			{ subscribers: { mail: "MAIL" } },
			'subscribers.mail: expected { binding: "…" }, got "MAIL"',
		],
		[
			"a misspelt binding",
			{ subscribers: { mail: { bind: "MAIL", binding: "MAIL" } } },
			'subscribers.mail: unknown key "bind"; use binding',
		],
		[
			"an array of Workers",
			{ subscribers: [] },
			"subscribers: expected an object, got []",
		],
		[
			"an array of routes",
			{ routes: [] },
			"routes: expected an object, got []",
		],
		[
			"routes that are null",
			{ routes: null },
			"routes: expected an object, got null",
		],
		[
			"a misspelt option of a route",
			{ routes: { a: { event: "x" } } },
			'routes["a"]: unknown key "event"; use events, handler, retries, timeout',
		],
		[
			"an invalid pattern",
			{ routes: { a: { events: ["x", "no name"] } } },
			'routes["a"].events: "no name" is neither a name nor a pattern; give segments of A-Z',
		],
		[
			"events as a number",
			{ routes: { a: { events: 1 } } },
			'routes["a"].events: 1 is neither',
		],
		[
			"events that are null",
			{ routes: { a: { events: null } } },
			'routes["a"].events: null is neither',
		],
		[
			"an empty handler id",
			{ routes: { a: { handler: "" } } },
			'routes["a"].handler: "" is not the id of a handler; use 1 to 128 characters without spaces',
		],
		[
			"a Worker as a handler",
			{ routes: { a: { handler: "mail/" } } },
			'routes["a"].handler: "mail/" is not',
		],
		[
			"an empty route id",
			{ routes: { "": {} } },
			'routes[""]: the id must be 1 to 128 characters',
		],
		[
			"a route id with a space",
			{ routes: { "a b": {} } },
			'routes["a b"]: the id must be',
		],
		[
			"a route for all handlers of a Worker",
			{ routes: { "mail/*": {} } },
			'routes["mail/*"]: the id must be',
		],
		[
			"all handlers of a Worker as a handler",
			{ routes: { a: { handler: "mail/*" } } },
			'routes["a"].handler: "mail/*" is not',
		],
		[
			"an empty list of events",
			{ routes: { a: { events: [] } } },
			'routes["a"].events: the list is empty; name an event, or leave it out to use the handler\'s own events',
		],
		[
			"one binding under two keys",
			{ subscribers: { a: { binding: "MAIL" }, b: { binding: "MAIL" } } },
			'subscribers.b.binding: "MAIL" is already the binding of a: remove one',
		],
		[
			"an app of two Workers",
			{
				subscribers: {
					a: { binding: "A", apps: ["@acme/mail"] },
					b: { binding: "B", apps: ["@acme/mail"] },
				},
			},
			"subscribers.b.apps: @acme/mail is already an app of a; name it once",
		],
		[
			"a wrong name of an app",
			{ subscribers: { a: { binding: "A", apps: ["mail"] } } },
			'subscribers.a.apps[0]: "mail" is not the name of an app; use "@scope/name"',
		],
		[
			"negative retries",
			{ routes: { a: { retries: -1 } } },
			'routes["a"].retries: limit: -1',
		],
		[
			"retries that are null",
			{ routes: { a: { retries: null } } },
			'routes["a"].retries: null is neither',
		],
		[
			"a timeout over 60 seconds",
			{ routes: { a: { timeout: "2 minutes" } } },
			'routes["a"].timeout: 120000 ms is too long',
		],
		[
			"a default that is not a duration",
			{ defaults: { timeout: "soon" } },
			'defaults.timeout: "soon" is not a duration',
		],
		[
			"a misspelt default",
			{ defaults: { retry: 1 } },
			'defaults: unknown key "retry"; use retries, timeout',
		],
		[
			"zero shards",
			{ shards: 0 },
			"shards: 0 is not a whole number from 1 to 256",
		],
		["half a shard", { shards: 1.5 }, "shards: 1.5 is not"],
		["shards as text", { shards: "4" }, 'shards: "4" is not a whole number'],
		["257 shards", { shards: 257 }, "shards: 257 is not"],
		[
			"shards without their earlier number",
			{ shards: { now: 4 } },
			"shards.before: required; give a whole number from 1 to 256",
		],
		[
			"300 earlier shards",
			{ shards: { now: 4, before: 300 } },
			"shards.before: 300 is not a whole number from 1 to 256",
		],
		[
			"misspelt shards",
			{ shards: { now: 4, before: 8, later: 8 } },
			'shards: unknown key "later"; use now, before',
		],
		[
			"an invalid name of an issuer",
			{ issuers: { auth: { issuer: "x", secret: "x".repeat(32) } } },
			'issuers["auth"]: an issuer\'s name must be "@scope/name"',
		],
		[
			"a URL without a protocol",
			{ url: "events.example" },
			'url: "events.example" is not a URL; give one that begins with https://',
		],
		[
			"a URL without a host",
			{ url: "https://" },
			'url: "https://" is not a URL',
		],
		[
			"a journal option that is unknown",
			{ journal: { bodies: "some" } },
			'journal.bodies: "some" is not allowed: use failed, all, none',
		],
		[
			"a retention that is not a duration",
			{ retention: { queues: "a while" } },
			'retention.queues: "a while" is not a duration',
		],
		[
			"a retention of dead letters that is not a duration",
			{ retention: { deadLetters: 0 } },
			"retention.deadLetters: 0 is not a duration",
		],
		[
			"a retention longer than a queue's maximum",
			{ retention: { queues: "1 month" } },
			'retention.queues: "1 month" is over 14 days, the maximum retention of a queue',
		],
		[
			"a misspelt retention",
			{ retention: { queue: 1 } },
			'retention: unknown key "queue"; use queues, deadLetters',
		],
	])("%s", ([, config, message]) => {
		const check = () => settingsOf(config as Config);
		expect(check).toThrow(TypeError);
		const begin = `tidings.config.ts: ${message}`;
		expect(messageOf(check).slice(0, begin.length)).toBe(begin);
	});
});

test("several wrong values are reported together, each with its path", () => {
	expect(messageOf(() => settingsOf({ shards: 0, url: "x" }))).toBe(
		'tidings.config.ts: url: "x" is not a URL; give one that begins with https:// or http://; shards: 0 is not a whole number from 1 to 256, nor { now, before }',
	);
});

function messageOf(check: () => unknown): string {
	try {
		check();
	} catch (error) {
		return (error as Error).message;
	}
	return "accepted";
}
