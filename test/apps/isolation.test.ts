/** An app cannot send another app's events, use its storage without a grant, or end its subscriptions. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { mayPublish } from "../../src/event/permission.ts";
import { asApp, atDoor, refusal } from "./as-app.ts";
import { installKeys, keyed } from "./keys.ts";
import { ada, stopped } from "./support.ts";
import { behaviours, events } from "./worker.ts";

const bucket = (env as unknown as { APP_STORAGE: R2Bucket }).APP_STORAGE;
const { STOREFRONT } = env as unknown as Record<
	string,
	{ publish(...args: unknown[]): Promise<unknown> } & {
		publishBatch(items: unknown): Promise<unknown>;
	}
>;

const NAMES = [
	"@test/bell/rung",
	"@test/bell/rung/trigger",
	"@test/bell",
	"@test/bell/rung#",
];

describe("an app's event", () => {
	test.each(NAMES)(
		"%s is rejected by publish and publishBatch",
		async (name) => {
			const body = { filter: [], payload: { text: "hi" } };
			expect(await refusal(events.publish(name, body))).toMatchObject({
				code: "invalid_name",
			});
			expect(
				await refusal(events.publishBatch([{ name, body }])),
			).toMatchObject({ code: "invalid_name" });
		},
	);

	test.each(NAMES)("%s is rejected over the binding", async (name) => {
		const one = STOREFRONT?.publish(name, { text: "hi" }) as Promise<unknown>;
		expect((await refusal(one)).code).toBe("invalid_name");
		const batch = STOREFRONT?.publishBatch([{ name, body: null }]);
		expect((await refusal(batch as Promise<unknown>)).code).toBe(
			"invalid_name",
		);
	});

	test.each(NAMES)("%s is rejected over HTTP with any key", async (name) => {
		await installKeys();
		const one = { name, body: { text: "hi" } };
		for (const body of [one, [one]]) {
			const response = await keyed("POST", "/v1/events", body);
			expect(response.status).toBe(422);
			expect(await response.json()).toMatchObject({ code: "invalid_name" });
		}
	});

	test("never matches a pattern or the name of a handler", async () => {
		for (const pattern of ["@test/bell/rung", "@test/**", "@**"])
			expect(() => events.on(pattern, { id: "spy" }, () => {})).toThrow(
				/neither a name nor a pattern/,
			);
	});

	test("that is scheduled cannot be cancelled or rescheduled with a list of patterns", async () => {
		const { id } = await asApp("@test/bell", ({ event }) =>
			event.send("rung", { after: "1 day", payload: { text: "hi" } }),
		);
		for (const pattern of ["**", "*", "@test/bell/rung"]) {
			const may = mayPublish([pattern], "@test/bell/rung");
			expect([pattern, may]).toEqual([pattern, false]);
		}
		expect(mayPublish("all", "@test/bell/rung")).toBe(true);
		expect(await events.cancel(id)).toBe(true);
	});

	test.each(["@test/bell/rung", "rung", "../bell/rung", "bell/rung"])(
		"is not sent by another app under the name %s",
		async (name) => {
			const sent = { payload: { text: "hi" } };
			const call = asApp("@test/safe", ({ event }) => event.send(name, sent));
			expect(await refusal(call)).toEqual({
				name: "RefusedError",
				code: "unknown_event",
				message: `${JSON.stringify(name)} is not an event of @test/safe; use another app: it has none`,
			});
		},
	);

	test.each(["constructor", "__proto__", "toString", ""])(
		"is never an inherited property: %s",
		async (name) => {
			const sent = { payload: {} };
			const call = asApp("@test/bell", ({ event }) => event.send(name, sent));
			expect((await refusal(call)).code).toBe("unknown_event");
		},
	);
});

describe("the storage of an app", () => {
	const put = (app: string, space: string, path: string) =>
		asApp(app, ({ storage }) => storage.use(space).put(path, { by: app }));

	test("rejects every call of an app without a grant, and says how to grant access", async () => {
		await put("@test/safe", "@test/safe", "/kept.json");
		const refused = {
			name: "ForbiddenError",
			code: "forbidden",
			message:
				'@test/safe-2 may not use the storage of @test/safe; add "@test/safe-2" to the "grants" of createApp("@test/safe")',
		};
		const space = (act: "put" | "get" | "list" | "delete") =>
			refusal(
				asApp("@test/safe-2", ({ storage }) =>
					(
						storage.use("@test/safe")[act] as (
							...args: unknown[]
						) => Promise<unknown>
					)("/kept.json", ...(act === "put" ? [{}] : [])),
				),
			);
		for (const act of ["put", "get", "list", "delete"] as const)
			expect(await space(act)).toEqual(refused);
		expect(await (await bucket.get("@test/safe/kept.json"))?.json()).toEqual({
			by: "@test/safe",
		});
	});

	test("accepts an app with a grant, and a grant is not mutual", async () => {
		await put("@test/guest", "@test/safe", "/from-guest.json");
		const read = await asApp("@test/safe", ({ storage }) =>
			storage.use("@test/safe").get("/from-guest.json"),
		);
		expect(read).toEqual({ by: "@test/guest" });
		const back = put("@test/safe", "@test/guest", "/x.json");
		expect((await refusal(back)).code).toBe("forbidden");
	});

	test.each([
		"../safe/kept.json",
		"/../safe/kept.json",
		"a/../../safe/kept.json",
		"./kept.json",
		"..",
		".",
		"",
		"/",
		"//kept.json",
		"a//b",
		"a/",
		"..\\safe\\kept.json",
		"a\u0000b",
		"a\nb",
		"\ud800",
		"x".repeat(1_024),
		"é".repeat(510),
	])(
		"rejects the path %j, which leads out of it, in every call",
		async (path) => {
			for (const act of ["put", "get", "delete"] as const) {
				const call = asApp("@test/guest", ({ storage }) => {
					const space = storage.use("@test/guest");
					return act === "put" ? space.put(path, 1) : space[act](path);
				});
				expect((await refusal(call)).code).toBe("invalid_request");
			}
		},
	);

	test.each([undefined, null, 7, {}, ["a"]])(
		"rejects the path %j, which is not a string",
		async (path) => {
			const call = asApp("@test/guest", ({ storage }) =>
				storage.use("@test/guest").get(path as never),
			);
			expect((await refusal(call)).code).toBe("invalid_request");
		},
	);

	test.each(["..", "../safe", "a/../..", "a//b"])(
		"rejects the folder %j",
		async (folder) => {
			const call = asApp("@test/guest", ({ storage }) =>
				storage.use("@test/guest").list(folder),
			);
			expect((await refusal(call)).code).toBe("invalid_request");
		},
	);

	test.each(["%2e%2e/safe/kept.json", "..%2fsafe%2fkept.json", "%2Fkept.json"])(
		"uses the encoded path %j literally",
		async (path) => {
			await put("@test/guest", "@test/guest", path);
			expect(await bucket.head(`@test/guest/${path}`)).not.toBeNull();
		},
	);

	test.each([
		"@test/safe/../safe-2",
		"@test",
		"@test/",
		"",
		"@test/safe/",
		"@TEST/safe",
		"@test/guest/../safe",
		undefined,
		null,
	])("cannot be opened with the name %j", async (space) => {
		const call = asApp("@test/guest", ({ storage }) =>
			storage.use(space as string).get("/kept.json"),
		);
		expect((await refusal(call)).code).toBe("unknown_app");
	});

	test("lists its own paths, and none of an app whose name begins with its own", async () => {
		await put("@test/safe", "@test/safe", "/mine.json");
		await put("@test/safe-2", "@test/safe-2", "/theirs.json");
		const { paths } = await asApp("@test/safe", ({ storage }) =>
			storage.use("@test/safe").list(),
		);
		expect(paths).toContain("/mine.json");
		expect(paths.filter((path) => path.includes("theirs"))).toEqual([]);
	});

	test("stores JSON, rejects other values, and returns null for an unknown path", async () => {
		const space = <Result>(act: (one: never) => Result) =>
			asApp("@test/guest", ({ storage }) =>
				act(storage.use("@test/guest") as never),
			);
		type Space = import("../../src/apps/storage.ts").AppStorage;
		for (const value of [null, 0, "", false, [1], { a: { b: "ü" } }]) {
			await space((one: Space) => one.put("/value.json", value));
			expect(await space((one: Space) => one.get("/value.json"))).toEqual(
				value,
			);
		}
		for (const value of [undefined, () => {}, Symbol("s"), new Map([["a", 1]])])
			expect(
				(await refusal(space((one: Space) => one.put("/v.json", value)))).code,
			).toBe("invalid_body");
		expect(await space((one: Space) => one.get("/none.json"))).toBeNull();
		await space((one: Space) => one.delete("/value.json"));
		await space((one: Space) => one.delete("/value.json"));
		expect(await space((one: Space) => one.get("/value.json"))).toBeNull();
	});
});

describe("a subscription", () => {
	const name = "@test/bell/rung";
	const door = { floor: 1, isOpen: true, name: "front" };
	const join = async (app: string, tool = "act") =>
		asApp(app, ({ event }) => event.subscribe("@test/bell", "rung", tool), [
			await atDoor(door),
		]);
	const leave = async (app: string, at = door) =>
		asApp(app, ({ event }) => event.unsubscribe("@test/bell", "rung"), [
			await atDoor(at),
		]);
	const all = () => boundSubscriptions(name).list({ limit: 100 });

	afterEach(async () => {
		await leave("@test/guest");
		await leave("@test/safe");
		await stopped(name);
	});

	test("is ended only by the app that made it, even for the same user", async () => {
		await join("@test/guest");
		expect(await leave("@test/safe")).toBe(false);
		expect(await all()).toMatchObject([{ app: "@test/guest" }]);
		expect(await leave("@test/guest")).toBe(true);
		expect(await all()).toEqual([]);
	});

	test("is not ended with another user's token, even by the same app", async () => {
		await join("@test/guest");
		for (const other of [
			{ ...door, name: "Front" },
			{ ...door, floor: "1" as never },
			{ ...door, isOpen: "true" as never },
			{ ...door, isOpen: false },
		])
			expect(await leave("@test/guest", other)).toBe(false);
		expect(await all()).toHaveLength(1);
	});

	test("is not ended without a token", async () => {
		await join("@test/guest");
		const call = asApp("@test/guest", ({ event }) =>
			event.unsubscribe("@test/bell", "rung"),
		);
		expect((await refusal(call)).code).toBe("invalid_token");
		expect(await all()).toHaveLength(1);
	});

	test("never runs a tool of another app", async () => {
		expect(await refusal(join("@test/safe", "other"))).toEqual({
			name: "RefusedError",
			code: "unknown_tool",
			message: '"other" is not a tool of @test/safe; use act',
		});
		expect((await refusal(join("@test/safe", "constructor"))).code).toBe(
			"unknown_tool",
		);
	});
});

type Binding = {
	subscribe(...args: unknown[]): Promise<{ id: number; state: string }>;
	unsubscribe(...args: unknown[]): Promise<boolean>;
	runTool(...args: unknown[]): Promise<unknown>;
};
const { LAB, STOREFRONT: STORE } = env as unknown as {
	LAB: Binding;
	STOREFRONT: Binding;
};

/** The message with which a call over the binding was rejected. */
async function messageOf(call: Promise<unknown>): Promise<string> {
	return call.then(
		() => "not rejected",
		(error) => error.message,
	);
}

describe("a binding that names an app", () => {
	afterEach(() => behaviours.clear());

	test("subscribes and unsubscribes as that app, for the user of the given tokens", async () => {
		const options = { tokens: [await ada()] };
		expect(
			await LAB.subscribe("@test/lab", "ticked", "one", options),
		).toMatchObject({ state: "active" });
		expect(await LAB.unsubscribe("@test/lab", "ticked", options)).toBe(true);
		expect(await LAB.unsubscribe("@test/lab", "ticked", options)).toBe(false);
		await stopped("@test/lab/ticked");
	});

	test("subscribes, as a user, only the tools that the app lists for an event", async () => {
		const options = { tokens: [await ada()] };
		const other = LAB.subscribe("@test/lab", "ticked", "two", options);
		expect(await messageOf(other)).toContain(
			'users may not subscribe "two" of @test/lab to @test/lab/ticked',
		);
		expect(
			await LAB.subscribe("@test/lab", "announced", "one", options),
		).toMatchObject({ state: "active" });
		expect(
			await messageOf(LAB.unsubscribe("@test/lab", "announced", options)),
		).toContain("@test/lab/announced is public");
		await boundSubscriptions("@test/lab/announced").unsubscribe(
			"@test/lab",
			[],
		);
		await stopped("@test/lab/announced");
	});

	test("requires tokens, and the app's own tools", async () => {
		const without = LAB.subscribe("@test/lab", "ticked", "one");
		expect(await messageOf(without)).toContain("@my-org/auth");
		const options = { tokens: [await ada()] };
		const another = LAB.subscribe(
			"@test/lab",
			"ticked",
			"handle_new_email",
			options,
		);
		expect(await messageOf(another)).toBe(
			'"handle_new_email" is not a tool of @test/lab; use one, two',
		);
		const odd = LAB.subscribe("@test/lab", "ticked", "one", { tokens: 7 });
		expect(await messageOf(odd)).toContain("tokens");
	});

	test("runs the app's tools, and with a list of permissions no tool of another app", async () => {
		behaviours.set("one", (input) => ({ twice: [input, input] }));
		expect(await LAB.runTool("@test/lab", "one", { n: 1 })).toEqual({
			twice: [{ n: 1 }, { n: 1 }],
		});
		const other = LAB.runTool("@my-org/inbox", "handle_new_email", {});
		expect(await messageOf(other)).toContain(
			"may not run tools of @my-org/inbox",
		);
	});
});

test("a caller that is not an app cannot subscribe as one", async () => {
	const options = { tokens: [await ada()] };
	const asked = STORE.subscribe("@test/lab", "ticked", "one", options);
	expect(await messageOf(asked)).toContain('the caller "storefront"');
});
