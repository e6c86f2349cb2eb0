import { describe, expect, test } from "vitest";
import * as z from "zod";
import { handlerOf } from "../../src/handlers/handler.ts";
import {
	type HandlerListing,
	listingOf,
	listingsFrom,
} from "../../src/handlers/listing.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import { Routes, type Routing, routesOf } from "../../src/handlers/route.ts";

const listed = (id: string, ...patterns: string[]): HandlerListing => ({
	id,
	patterns,
});
const none = { overrides: [], defaults: {} };
const ids = (routes: readonly { id: string }[]) => routes.map(({ id }) => id);

describe("the routes of a Worker", () => {
	test("match in order of registration, by names and by patterns", () => {
		const routes = routesOf(
			"",
			[
				listed("all", "**"),
				listed("exact", "order.placed"),
				listed("other", "user.*"),
				listed("either", "user.left", "order.*"),
			],
			none,
		);
		const matching = (name: string) => ids(routes.matching(name));
		expect(matching("order.placed")).toEqual(["all", "exact", "either"]);
		expect(matching("user.left")).toEqual(["all", "other", "either"]);
		expect(matching("invoice.sent")).toEqual(["all"]);
	});

	test.each(["@my-org/email/new_email/trigger", "tidings.selftest.dead"])(
		"never match %s, of an app or the selftest, even with its exact name",
		(name) => {
			const patterns = ["**", "*", "tidings.**", "*.selftest.*", name];
			const listings = patterns.map((one) => listed(one, one));
			const routes = routesOf("", listings, none);
			expect(ids(routes.matching(name))).toEqual([]);
			expect(ids(routes.matching("tidings.selftested"))).toEqual([
				"**",
				"tidings.**",
			]);
		},
	);

	test("of another Worker have ids with its key, and call the ids without it", () => {
		const routes = routesOf("mail", [listed("send", "order.*")], none);
		expect(routes.list).toMatchObject([{ id: "mail/send", handler: "send" }]);
		expect(routes.get("mail/send")).toBe(routes.list[0]);
		expect(routes.get("send")).toBeUndefined();
	});

	test("have the handler's timeout and policy, else the defaults, else 5 seconds and 10 retries", () => {
		const [said, unsaid] = [
			{ ...listed("said", "a"), timeout: 7, policy: policyOf(7) },
			listed("unsaid", "a"),
		];
		const defaults = { timeout: 9, policy: policyOf(9) };
		expect(
			routesOf("", [said, unsaid], { overrides: [], defaults }).list,
		).toEqual([
			expect.objectContaining({ timeout: 7, policy: policyOf(7) }),
			expect.objectContaining({ timeout: 9, policy: policyOf(9) }),
		]);
		expect(routesOf("", [unsaid], none).list).toMatchObject([
			{ timeout: 5_000, policy: policyOf(10) },
		]);
	});

	test("say where each of their settings comes from", () => {
		const handlers = [
			{ ...listed("said", "a"), timeout: 7 },
			listed("unsaid", "a"),
			listed("routed", "a"),
		];
		const defaults = { timeout: 9 };
		const route = { id: "routed", handler: "routed", patterns: ["b"] };
		const overrides = [
			{ ...route, timeout: 8 },
			{ id: "again", handler: "routed", policy: policyOf(1) },
		];
		const { list } = routesOf("", handlers, { overrides, defaults });
		const patterns = "handler";
		expect(list.map(({ id, sources }) => [id, sources])).toEqual([
			["said", { patterns, timeout: "handler", retries: "built-in" }],
			["unsaid", { patterns, timeout: "defaults", retries: "built-in" }],
			["routed", { patterns: "route", timeout: "route", retries: "built-in" }],
			["again", { patterns, timeout: "defaults", retries: "route" }],
		]);
	});
});

describe("the configuration", () => {
	const handlers = [listed("send", "order.placed"), listed("audit", "**")];
	const changed = (...changes: Routing["overrides"]) =>
		routesOf("mail", handlers, { overrides: changes, defaults: {} });

	test("overrides events, timeout and policy of one handler only", () => {
		const routes = changed({
			id: "mail/send",
			handler: "mail/send",
			patterns: ["user.*"],
			timeout: 1,
			policy: policyOf(1),
		});
		expect(ids(routes.matching("user.joined"))).toEqual([
			"mail/send",
			"mail/audit",
		]);
		expect(ids(routes.matching("order.placed"))).toEqual(["mail/audit"]);
		expect(routes.get("mail/send")).toMatchObject({
			timeout: 1,
			policy: policyOf(1),
		});
		expect(routes.get("mail/audit")).toMatchObject({ timeout: 5_000 });
	});

	test("does not change options of a handler that it does not set", () => {
		const routes = changed({
			id: "mail/send",
			handler: "mail/send",
			timeout: 1,
		});
		expect(routes.get("mail/send")).toMatchObject({
			patterns: ["order.placed"],
			policy: policyOf(),
		});
	});

	test("renames a handler, and waiting deliveries still find it", () => {
		const routes = changed({ id: "welcome", handler: "mail/send" });
		expect(ids(routes.matching("order.placed"))).toEqual([
			"welcome",
			"mail/audit",
		]);
		expect(routes.get("welcome")?.handler).toBe("send");
		expect(routes.get("mail/send")?.handler).toBe("send");
	});

	test("adds a second route to a handler, next to the first if it is named too", () => {
		const routes = changed(
			{ id: "mail/send", handler: "mail/send" },
			{ id: "again", handler: "mail/send", patterns: ["user.left"] },
		);
		expect(ids(routes.matching("order.placed"))).toContain("mail/send");
		expect(ids(routes.matching("user.left"))).toEqual(["again", "mail/audit"]);
	});
});

describe("the list of a Worker's handlers", () => {
	const send = handlerOf(
		["order.placed"],
		{ id: "send", timeout: "7 seconds", retries: { maxAge: "1 day" } },
		() => {},
		z.object({ total: z.number() }),
	);

	test("contains all that the owner needs, also after a structured clone", () => {
		const listings = structuredClone([listingOf(send)]);
		expect(listingsFrom(listings)).toEqual([
			{
				id: "send",
				patterns: ["order.placed"],
				timeout: 7_000,
				policy: policyOf({ maxAge: "1 day" }),
				schema: expect.objectContaining({ required: ["total"] }),
			},
		]);
	});

	test("has no schema if the schema cannot describe itself", () => {
		const dated = handlerOf(["a"], { id: "a" }, () => {}, z.date());
		expect(listingOf(dated)).toEqual({ id: "a", patterns: ["a"] });
	});

	test("contains only the JSON of a schema", () => {
		const input = () => ({ type: "object", examples: [() => 1] });
		const schema = {
			"~standard": {
				version: 1,
				vendor: "own",
				validate: (value: unknown) => ({ value }),
				jsonSchema: { input },
			},
		} as const;
		const handler = { id: "a", patterns: ["a"], run: () => {}, schema };
		expect(structuredClone(listingOf(handler as never)).schema).toEqual({
			type: "object",
			examples: [null],
		});
	});

	test("is read without an unreadable policy or timeout, for which the defaults apply", () => {
		const listings = [
			{ ...listed("a", "a"), policy: { backoff: "fibonacci" }, timeout: "7" },
			{ ...listed("b", "b"), timeout: 90_000 },
		];
		expect(listingsFrom(listings)).toEqual([
			listed("a", "a"),
			listed("b", "b"),
		]);
	});

	test("is rejected if a pattern cannot be read, because it may match", () => {
		for (const pattern of [
			{ glob: "order.*" },
			"order.{a,b}",
			"@a/b/c/trigger",
		])
			expect(() =>
				listingsFrom([{ id: "a", patterns: ["a", pattern] }]),
			).toThrow("the patterns of a cannot be read");
	});

	test("has at most a thousand handlers with different ids", () => {
		const many = (count: number) =>
			Array.from({ length: count }, (_, n) => listed(`h${n}`, "a"));
		expect(listingsFrom(many(1_000))).toHaveLength(1_000);
		expect(() => listingsFrom(many(1_001))).toThrow("at most 1000 handlers");
		expect(() => listingsFrom([listed("a", "a"), listed("a", "b")])).toThrow(
			"one id twice",
		);
	});

	test.for(["*", "", "a b", "x".repeat(129)])(
		"is rejected with the id %j",
		(id) => {
			expect(() => listingsFrom([listed(id, "a")])).toThrow("not a handler");
		},
	);

	test("is read without keys that a newer deploy added", () => {
		const policy = { ...policyOf(2), cleverness: 9 };
		const listings = [{ ...listed("a", "a"), policy, colour: "red" }];
		expect(listingsFrom(listings)).toEqual([
			{ ...listed("a", "a"), policy: policyOf(2) },
		]);
	});

	test.for([undefined, null, {}, "handlers", [{}], [{ id: "a" }], [null]])(
		"is rejected if it is not a list: %j",
		(listings) => {
			expect(() => listingsFrom(listings)).toThrow(TypeError);
		},
	);
});

test("of two routes with one id the later one is found, so that a renamed handler is replaced", () => {
	const [old, young] = routesOf(
		"",
		[listed("a", "x"), listed("b", "y")],
		none,
	).list;
	const both = new Routes([{ ...young, id: "a" } as never], [old as never]);
	expect(both.get("a")?.handler).toBe("b");
});
