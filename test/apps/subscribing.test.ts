/** Subscribing, unsubscribing, and sends to subscribers. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { asApp, atDoor, refusal } from "./as-app.ts";
import { installKeys, keyed } from "./keys.ts";
import { acts, bell } from "./more-apps.ts";
import { call, stopped, tokenOf, transitionsOf, wait } from "./support.ts";
import { behaviours, events, lab, transitions } from "./worker.ts";

const NAME = "@test/bell/rung";
const front = { floor: 1, isOpen: true, name: "front" };
type Door = Record<keyof typeof front, unknown>;

const subscribe = async (
	door: Door = front,
	app = "@test/guest",
	tool = "act",
) =>
	asApp(app, ({ event }) => event.subscribe("@test/bell", "rung", tool), [
		await atDoor(door),
	]);
const unsubscribe = async (door: Door = front, app = "@test/guest") =>
	asApp(app, ({ event }) => event.unsubscribe("@test/bell", "rung"), [
		await atDoor(door),
	]);
const ring = (sent: object) =>
	asApp("@test/bell", ({ event }) => event.send("rung", sent as never));
const all = () => boundSubscriptions(NAME).list({ limit: 100 });

/** The inputs of the guest's tool. */
let got: unknown[] = [];
function listen(): void {
	got = [];
	acts.set("@test/guest", ({ subscription }, input) => {
		got.push([subscription?.key, input]);
	});
}

/** Advances the time to a scheduled event. */
const due = (id: string) => events.reschedule(id, 1);

async function ended(id: string): Promise<string[]> {
	await vi.waitFor(
		() =>
			expect(transitionsOf(id).at(-1)).toMatch(
				/^(delivered|dead|ignored|cancelled)/,
			),
		wait,
	);
	return transitionsOf(id);
}

beforeEach(listen);
afterEach(async () => {
	for (const { app, key } of await all())
		await boundSubscriptions(NAME).unsubscribe(app, key);
	await stopped(NAME);
	bell.clear();
	acts.clear();
	behaviours.clear();
	vi.restoreAllMocks();
});

describe("subscribing", () => {
	test("twice results in one subscription with one id, even concurrently", async () => {
		const token = await atDoor(front);
		const [one, two] = await Promise.all(
			[1, 2].map(() =>
				call("POST", "/v1/subscriptions", {
					token,
					body: JSON.stringify({
						app: "@test/guest",
						source: "@test/bell",
						event: "rung",
						tool: "act",
					}),
				}).then((response) => response.json() as Promise<{ id: number }>),
			),
		);
		const three = await subscribe();
		expect([two?.id, three.id]).toEqual([one?.id, one?.id]);
		expect(await all()).toHaveLength(1);
	});

	test("results in the same subscription if events.json lists its fields in another order", async () => {
		const { id } = await subscribe();
		const key = Object.entries(front).reverse();
		const again = { app: "@test/guest", tool: "act", key };
		expect(await boundSubscriptions(NAME).subscribe(again)).toMatchObject({
			id,
		});
		expect(await boundSubscriptions(NAME).list({ key, limit: 9 })).toHaveLength(
			1,
		);
		expect(await boundSubscriptions(NAME).unsubscribe("@test/guest", key)).toBe(
			true,
		);
		expect(await all()).toEqual([]);
	});

	test("with another tool replaces the tool, and the id does not change", async () => {
		const { id } = await subscribe();
		expect(await subscribe(front, "@test/guest", "other")).toMatchObject({
			id,
		});
		expect(await all()).toMatchObject([{ id, tool: "other" }]);
	});

	test("to an unknown app, event or tool is rejected with a list of known ones", async () => {
		const asking = async (source: string, event: string, tool: string) =>
			refusal(
				asApp("@test/guest", (given) =>
					given.event.subscribe(source, event, tool),
				),
			);
		expect(await asking("@test/none", "rung", "act")).toMatchObject({
			code: "unknown_app",
			message: expect.stringContaining("@test/bell"),
		});
		expect(await asking("@test/lab", "rung", "act")).toEqual({
			name: "RefusedError",
			code: "unknown_event",
			message: '"rung" is not an event of @test/lab; use ticked, announced',
		});
		expect(await asking("@test/bell", "rung", "no")).toEqual({
			name: "RefusedError",
			code: "unknown_tool",
			message: '"no" is not a tool of @test/guest; use act, other',
		});
	});

	test("over HTTP is only for the tools and events that the app lists", async () => {
		const asUser = async (app: string, tool: string, event = "rung") =>
			call("POST", "/v1/subscriptions", {
				token: await atDoor(front),
				body: JSON.stringify({ app, source: "@test/bell", event, tool }),
			});
		const refused = await asUser("@test/safe", "act");
		expect(refused.status).toBe(403);
		expect(await refused.json()).toMatchObject({
			code: "forbidden",
			detail:
				'users may not subscribe "act" of @test/safe to @test/bell/rung; run a tool of @test/safe that subscribes, or list the event in the userSubscriptions of createApp("@test/safe")',
		});
		expect(await all()).toEqual([]);
		// The app's own code is not limited.
		expect(await subscribe(front, "@test/safe")).toMatchObject({
			state: "active",
		});
		expect((await asUser("@test/guest", "act")).status).toBe(201);
		expect((await asUser("@test/guest", "constructor")).status).toBe(404);
		expect(await all()).toHaveLength(2);
	});

	test("with the scope admin is for all tools and events", async () => {
		await installKeys();
		const response = await keyed("POST", "/v1/subscriptions", {
			app: "@test/safe",
			source: "@test/bell",
			event: "rung",
			tool: "act",
			tokens: [await atDoor(front)],
		});
		expect(response.status).toBe(201);
	});

	test("remains after its token has expired", async () => {
		const exp = Math.floor(Date.now() / 1_000) + 2;
		const short = await tokenOf({}, { door: front });
		vi.useFakeTimers({ toFake: ["Date"] });
		try {
			await asApp(
				"@test/guest",
				({ event }) => event.subscribe("@test/bell", "rung", "act"),
				[short],
			);
			// Long after the token's hour.
			vi.setSystemTime((exp + 7_200) * 1_000);
			listen();
			const again = asApp(
				"@test/guest",
				({ event }) => event.subscribe("@test/bell", "rung", "act"),
				[short],
			);
			expect((await refusal(again)).code).toBe("invalid_token");
			listen();
			await ring({ payload: { text: "hi" } });
			await vi.waitFor(
				() => expect(got).toEqual([[front, { text: "hi" }]]),
				wait,
			);
		} finally {
			vi.useRealTimers();
		}
	});
});

describe("a send", () => {
	const doors: Door[] = [
		front,
		{ ...front, name: "Front" },
		{ ...front, floor: "1" },
		{ ...front, isOpen: "true" },
		{ ...front, isOpen: false },
		{ floor: 0, isOpen: true, name: "front,1" },
	];
	const heard = async (toSubscribers?: Partial<Door>) => {
		listen();
		const { id } = await ring({
			payload: { text: "hi" },
			...(toSubscribers && { toSubscribers }),
		});
		return { id, doors: () => got.map((one) => (one as [Door])[0]) };
	};

	test.each([
		[{ name: "front" }, [0, 2, 3, 4]],
		[{ name: "Front" }, [1]],
		[{ name: "FRONT" }, []],
		[{ name: "front,1" }, [5]],
		[{ floor: 1 }, [0, 1, 3, 4]],
		[{ floor: "1" }, [2]],
		[{ isOpen: true }, [0, 1, 2, 5]],
		[{ isOpen: "true" }, [3]],
		[{ isOpen: false }, [4]],
		[{ isOpen: true, name: "front" }, [0, 2]],
		[{ isOpen: true, name: "front", floor: 1 }, [0]],
		[{ floor: 0 }, [5]],
		[undefined, [0, 1, 2, 3, 4, 5]],
	])(
		"to %j reaches exactly the matching subscribers, by case and type",
		async (to, wanted) => {
			for (const door of doors) await subscribe(door);
			const { id, doors: reached } = await heard(to as Partial<Door>);
			await vi.waitFor(
				() =>
					expect(transitionsOf(id)).toHaveLength(
						1 + Math.max(wanted.length, 1),
					),
				wait,
			);
			expect(new Set(reached().map((one) => JSON.stringify(one)))).toEqual(
				new Set(wanted.map((index) => JSON.stringify(doors[index]))),
			);
			expect(reached()).toHaveLength(wanted.length);
		},
	);

	test.each([
		[{ email: "x" }, 'unknown field "email"; use name, floor, isOpen'],
		[{ Name: "front" }, 'unknown field "Name"'],
		[{ name: undefined }, '"name" is missing'],
		[{ name: null }, '"name" is null'],
		[{ name: "" }, '"name" is ""'],
		[{ name: {} }, '"name" is an object'],
		[{ name: ["front"] }, '"name" is an array'],
		[{ floor: Number.NaN }, '"floor" is a number that is not exact'],
		[{ floor: new Date(0) }, '"floor" is an object'],
		[{ name: "front", floor: undefined }, '"floor" is missing'],
		[{}, "there is no field"],
		[null, "expected an object"],
		["", "expected an object"],
		["front", "expected an object"],
		[[], "expected an object"],
		[undefined, "undefined"],
	])(
		"to %j is rejected, and a wrong recipient never means every subscriber",
		async (toSubscribers, message) => {
			const before = transitions.length;
			const sending = ring({ toSubscribers, payload: { text: "hi" } });
			const refused = await refusal(sending);
			expect(refused.code).toBe("invalid_request");
			expect(refused.message).toContain(message);
			const sent = transitions
				.slice(before)
				.filter(({ event }) => event === NAME);
			expect(sent).toEqual([]);
		},
	);

	test.each([
		[{}, "schema_violation"],
		[{ text: 7 }, "schema_violation"],
		[null, "schema_violation"],
		["hi", "schema_violation"],
		[undefined, "invalid_body"],
	])("with the payload %j is rejected by its schema", async (payload, code) => {
		expect((await refusal(ring({ payload }))).code).toBe(code);
	});

	test("rejects an unknown key, which may be a misspelt toSubscribers", async () => {
		const sending = ring({ payload: { text: "hi" }, toSubscriber: front });
		const refused = await refusal(sending);
		expect(refused.code).toBe("invalid_request");
		expect(refused.message).toContain('unknown key "toSubscriber"');
	});

	test("without a matching subscriber is reported as ignored", async () => {
		const { id } = await ring({ payload: { text: "hi" } });
		expect(await ended(id)).toEqual(["published", "ignored"]);
	});

	test("of over 112 000 bytes reaches each subscriber by reference with its whole body", async () => {
		const text = "ü".repeat(100_000);
		await subscribe(front);
		await subscribe({ ...front, floor: 2 });
		listen();
		await ring({ toSubscribers: { name: "front" }, payload: { text } });
		await vi.waitFor(() => expect(got).toHaveLength(2), wait);
		for (const one of got) expect((one as unknown[])[1]).toEqual({ text });
	});

	test("of 256 KB is rejected", async () => {
		const sending = ring({ payload: { text: "x".repeat(262_144) } });
		expect((await refusal(sending)).code).toBe("event_too_large");
	});
});

describe("a tool that an event runs", () => {
	test("receives only the payload, and source, event and key in capabilities.subscription", async () => {
		await subscribe();
		acts.set("@test/guest", ({ subscription }, input) => {
			got.push([subscription, input]);
		});
		await ring({ payload: { text: "hi" } });
		await vi.waitFor(
			() =>
				expect(got).toEqual([
					[{ source: "@test/bell", event: "rung", key: front }, { text: "hi" }],
				]),
			wait,
		);
	});

	test("is the tool that the subscription names when it runs, not when the event was sent", async () => {
		await subscribe();
		const { id } = await ring({
			after: "1 hour",
			payload: { text: "later" },
		});
		await subscribe(front, "@test/guest", "other");
		listen();
		await due(id);
		expect(await ended(id)).toEqual([
			"scheduled",
			"rescheduled",
			"queued",
			expect.stringMatching(/^delivered @test\/guest\/other#\d+ 1$/),
		]);
	});

	test("that fails is retried without the others, and becomes a dead letter of its own", async () => {
		await subscribe();
		await subscribe(front, "@test/safe");
		acts.set("@test/safe", () => {});
		acts.set("@test/guest", () => {
			throw Object.assign(new Error("never"), { tidings: "non_retryable" });
		});
		const { id } = await ring({ payload: { text: "hi" } });
		await vi.waitFor(() => expect(transitionsOf(id)).toHaveLength(3), wait);
		expect(transitionsOf(id).sort()).toEqual([
			expect.stringMatching(/^dead @test\/guest\/act#\d+ 1$/),
			expect.stringMatching(/^delivered @test\/safe\/act#\d+ 1$/),
			"published",
		]);
	});

	test("may end only its own subscription without a token", async () => {
		await subscribe();
		await subscribe({ ...front, floor: 2 });
		const ends: unknown[] = [];
		acts.set("@test/guest", async ({ event }) => {
			ends.push(await event.unsubscribe("@test/bell", "rung"));
		});
		await ring({ toSubscribers: { floor: 2 }, payload: { text: "hi" } });
		await vi.waitFor(() => expect(ends).toEqual([true]), wait);
		expect(await all()).toMatchObject([{ key: Object.entries(front) }]);
	});
});

describe("unsubscribing", () => {
	test("returns whether the subscription existed", async () => {
		await subscribe();
		expect(await unsubscribe()).toBe(true);
		expect(await unsubscribe()).toBe(false);
	});

	test("cancels a scheduled send", async () => {
		await subscribe();
		const { id } = await ring({ after: "1 hour", payload: { text: "hi" } });
		await unsubscribe();
		listen();
		await due(id);
		expect(await ended(id)).toEqual([
			"scheduled",
			"rescheduled",
			"queued",
			"ignored",
		]);
		expect(got).toEqual([]);
	});

	test("cancels waiting deliveries, which a new subscription does not receive", async () => {
		const { id: first } = await subscribe();
		acts.set("@test/guest", () => {
			throw Object.assign(new Error("later"), {
				tidings: "retry_after",
				retryAt: Date.now() + 1_000,
			});
		});
		const { id } = await ring({ payload: { text: "hi" } });
		await vi.waitFor(
			() => expect(transitionsOf(id).at(-1)).toMatch(/^retrying/),
			wait,
		);
		await unsubscribe();
		const { id: second } = await subscribe();
		expect(second).not.toBe(first);
		listen();
		expect(await ended(id)).toEqual([
			"published",
			`retrying @test/guest/act#${first} 1`,
			`cancelled @test/guest/act#${first}`,
		]);
		expect(got).toEqual([]);
	});

	test("by id ends any user's subscription with the scope admin", async () => {
		await installKeys();
		await subscribe();
		const [known] = await all();
		const asked = { source: "@test/bell", event: "rung", id: known?.id };
		const end = (body: object) => keyed("DELETE", "/v1/subscriptions", body);
		expect(await (await end(asked)).json()).toEqual({ unsubscribed: true });
		expect(await all()).toEqual([]);
		expect(await (await end(asked)).json()).toEqual({ unsubscribed: false });
	});

	test("by id is forbidden to users", async () => {
		await subscribe();
		const [known] = await all();
		const response = await call("DELETE", "/v1/subscriptions", {
			token: await atDoor(front),
			body: JSON.stringify({
				source: "@test/bell",
				event: "rung",
				id: known?.id,
			}),
		});
		expect(response.status).toBe(403);
		expect(await all()).toHaveLength(1);
	});
});

describe("a public event", () => {
	const announced = "@test/lab/announced";
	const asked = { source: "@test/lab", event: "announced", app: "@test/guest" };
	const asUser = async (method: string, tool?: string) =>
		call(method, "/v1/subscriptions", {
			token: await atDoor(front),
			body: JSON.stringify({ ...asked, ...(tool && { tool }) }),
		});
	const joined = () => boundSubscriptions(announced).list({ limit: 9 });

	afterEach(async () => {
		await boundSubscriptions(announced).unsubscribe("@test/guest", []);
		await stopped(announced);
	});

	test("needs no token, and reaches all subscribers", async () => {
		await asApp("@test/guest", ({ event }) =>
			event.subscribe("@test/lab", "announced", "act"),
		);
		listen();
		behaviours.set("two", (_, { event }) =>
			event.send("announced", { payload: { text: "hi" } }),
		);
		await events.apps.run(lab.declaration.name, "two");
		await vi.waitFor(() => expect(got).toEqual([[{}, { text: "hi" }]]), wait);
	});

	test("cannot be sent to a field, because it has none", async () => {
		behaviours.set("two", (_, { event }) =>
			refusal(
				event.send("announced", {
					toSubscribers: { email: "a@b.c" },
					payload: { text: "hi" },
				}),
			),
		);
		expect(await events.apps.run("@test/lab", "two")).toMatchObject({
			code: "invalid_request",
			message: expect.stringContaining("this event has no fields"),
		});
	});

	test("has one subscription of an app for all users, which no user can end or change", async () => {
		expect((await asUser("POST", "act")).status).toBe(201);
		expect((await asUser("POST", "act")).status).toBe(201);
		expect((await asUser("DELETE")).status).toBe(403);
		expect((await asUser("POST", "other")).status).toBe(403);
		expect(await joined()).toMatchObject([{ tool: "act" }]);
	});

	test("is changed and ended with the scope admin", async () => {
		await installKeys();
		await asUser("POST", "act");
		const body = { ...asked, tool: "other" };
		expect((await keyed("POST", "/v1/subscriptions", body)).status).toBe(201);
		expect(await joined()).toMatchObject([{ tool: "other" }]);
		const ended = await keyed("DELETE", "/v1/subscriptions", asked);
		expect(await ended.json()).toEqual({ unsubscribed: true });
		expect(await joined()).toEqual([]);
	});
});
