/** The capabilities of an app's code, and the limits of its names. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { createTestEvents } from "tidings/testing/workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { declarationFrom } from "../../src/apps/declaration.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { createApp } from "../../src/dialects/apps.ts";
import { listingOf, listingsFrom } from "../../src/handlers/listing.ts";
import { createEvents } from "../../src/index.ts";
import { registrationOf } from "../../src/registration.ts";
import { asApp, atDoor, refusal } from "./as-app.ts";
import { acts, bell } from "./more-apps.ts";
import { call, stopped, transitionsOf, wait } from "./support.ts";
import { behaviours, events } from "./worker.ts";

const front = { floor: 1, isOpen: true, name: "front" };
const undeclared = (app: string, capability: string, where: string) => ({
	name: "ForbiddenError",
	code: "forbidden",
	message: `${app}: the capability "${capability}" is not declared; add it to ${where}`,
});

describe("a tool", () => {
	test("cannot use an undeclared capability, and the error says where to declare it", async () => {
		const where = 'the "capabilities" of createApp("@test/bare")';
		expect(
			await refusal(asApp("@test/bare", async ({ event }) => event)),
		).toEqual(undeclared("@test/bare", "event", where));
		expect(
			await refusal(asApp("@test/bare", async ({ storage }) => storage)),
		).toEqual(undeclared("@test/bare", "storage", where));
		expect(
			await refusal(asApp("@test/bell", async ({ storage }) => storage)),
		).toMatchObject({ code: "forbidden" });
	});

	test("has no webhookUrl, and the error says where it is available", async () => {
		const asked = asApp("@test/guest", async (given) => given.webhookUrl);
		expect((await refusal(asked)).message).toBe(
			"@test/guest: webhookUrl is not available in a tool; use it in start, handler or stop of an event",
		);
	});

	test("has no subscription if no event runs it", async () => {
		expect(
			await asApp("@test/guest", ({ subscription }) => subscription),
		).toBeUndefined();
	});

	test("cannot request polls", async () => {
		const asked = asApp("@test/guest", ({ event }) => event.poll("5 minutes"));
		expect((await refusal(asked)).message).toBe(
			"event.poll: it was called outside start; only the start of an event may set the interval of its polls",
		);
	});

	test("returns its result as JSON, and null for undefined", async () => {
		for (const [returned, output] of [
			[{ a: new Date(0) }, { a: "1970-01-01T00:00:00.000Z" }],
			[undefined, null],
			[0, 0],
			["", ""],
		]) {
			acts.set("@test/guest", () => returned);
			expect(await events.apps.run("@test/guest", "act")).toEqual(output);
		}
	});

	test("fails if JSON would change its result, and rejects such an input", async () => {
		acts.set("@test/guest", () => ({ found: new Map([["a", 1]]) }));
		expect(await refusal(events.apps.run("@test/guest", "act"))).toMatchObject({
			code: "tool_failed",
			message: expect.stringContaining("the returned value.found: "),
		});
		expect(
			await refusal(events.apps.run("@test/guest", "act", { n: Number.NaN })),
		).toMatchObject({
			code: "invalid_body",
			message: expect.stringContaining("input.n: "),
		});
	});

	test("that fails rejects with ToolFailedError and its message", async () => {
		acts.set("@test/guest", () => {
			throw new RangeError("no such thing");
		});
		expect(await refusal(events.apps.run("@test/guest", "act"))).toEqual({
			name: "ToolFailedError",
			code: "tool_failed",
			message: "@test/guest act failed: RangeError: no such thing",
		});
		const response = await call("POST", "/v1/apps/@test/guest/tools/act", {
			token: await atDoor(front),
			body: "{}",
		});
		expect(response.status).toBe(500);
		expect(await response.json()).toMatchObject({
			code: "tool_failed",
			detail: "the tool failed; the log says why",
		});
	});

	test("receives its input, and runs over HTTP with only a user's token", async () => {
		acts.set("@test/guest", (_, input) => ({ input }));
		const response = await call("POST", "/v1/apps/@test/guest/tools/act", {
			token: await atDoor(front),
			body: JSON.stringify({ n: [1] }),
		});
		expect(response.status).toBe(200);
		expect(await response.json()).toEqual({ output: { input: { n: [1] } } });
	});

	test("without an input receives null, in code and over HTTP", async () => {
		acts.set("@test/guest", (_, input) => ({ input }));
		const token = await atDoor(front);
		const response = await call("POST", "/v1/apps/@test/guest/tools/act", {
			token,
		});
		expect(await response.json()).toEqual({ output: { input: null } });
		expect(await events.apps.run("@test/guest", "act")).toEqual({
			input: null,
		});
		const { LAB } = env as unknown as {
			LAB: { runTool(app: string, tool: string): Promise<unknown> };
		};
		behaviours.set("one", (input) => ({ input }));
		expect(await LAB.runTool("@test/lab", "one")).toEqual({ input: null });
		behaviours.clear();
	});

	test("that does not exist is rejected with a list of known tools", async () => {
		expect(await refusal(events.apps.run("@test/guest", "no"))).toMatchObject({
			code: "unknown_tool",
			message: '"no" is not a tool of @test/guest; use act, other',
		});
		expect(await refusal(events.apps.run("@test/no", "act"))).toMatchObject({
			code: "unknown_app",
			message: expect.stringContaining("@my-org/email, @my-org/inbox"),
		});
	});
});

test("a payload that violates its schema ends the delivery at once, and is not retried", async () => {
	const ticked = boundSubscriptions("@test/lab/ticked");
	await ticked.subscribe({ app: "@test/lab", tool: "one", key: [] });
	behaviours.set("one", (_, { event }) =>
		event.send("announced", { payload: {} }),
	);
	behaviours.set("two", (_, { event }) =>
		event.send("ticked", { payload: {} }),
	);
	const { id } = (await events.apps.run("@test/lab", "two")) as { id: string };
	await vi.waitFor(
		() =>
			expect(transitionsOf(id)).toEqual([
				"published",
				expect.stringMatching(/^dead @test\/lab\/one#\d+ 1$/),
			]),
		wait,
	);
	await ticked.unsubscribe("@test/lab", []);
	await stopped("@test/lab/ticked");
	behaviours.clear();
});

describe("start, handler and stop", () => {
	const name = "@test/bell/rung";
	const join = async () =>
		asApp(
			"@test/guest",
			({ event }) => event.subscribe("@test/bell", "rung", "act"),
			[await atDoor(front)],
		);
	const leave = async () =>
		asApp(
			"@test/guest",
			({ event }) => event.unsubscribe("@test/bell", "rung"),
			[await atDoor(front)],
		);

	afterEach(async () => {
		await leave();
		await stopped(name);
		bell.clear();
	});

	test("have the webhook's URL, and only the capabilities in events.json", async () => {
		const met: Record<string, unknown> = {};
		const look =
			(part: string) =>
			async (...args: unknown[]) => {
				const given = args.at(-1) as Parameters<
					NonNullable<ReturnType<typeof acts.get>>
				>[0];
				// A retry would hide the capabilities of the first attempt.
				met[part] ??= {
					url: await (async () => given.webhookUrl)().catch(String),
					event: await refusal((async () => given.event)()),
					storage: await refusal((async () => given.storage)()),
				};
			};
		for (const part of ["start", "handler", "stop"] as const)
			bell.set(part, look(part));
		await join();
		const url = (met.start as { url: string }).url;
		expect((await call("POST", url, { body: "{}" })).status).toBe(202);
		await vi.waitFor(() => expect(met.handler).toBeDefined(), wait);
		await leave();
		await stopped(name);
		const where = 'rung\'s "capabilities" in events.json';
		const expected = {
			url,
			event: undeclared("@test/bell", "event", where),
			storage: undeclared("@test/bell", "storage", where),
		};
		expect(met).toEqual({
			start: expected,
			handler: expected,
			stop: expected,
		});
	});

	test("a webhook call during start is accepted and handled", async () => {
		const answers: number[] = [];
		const handled: unknown[] = [];
		bell.set("start", async ({ webhookUrl }) => {
			answers.push((await call("POST", webhookUrl, { body: "1" })).status);
		});
		bell.set("handler", ({ json }) => void handled.push(json));
		expect(await join()).toMatchObject({ state: "active" });
		expect(answers).toEqual([202]);
		await vi.waitFor(() => expect(handled).toEqual([1]), wait);
	});

	test("a failed start is reported: the subscription is pending until start succeeds", async () => {
		let tries = 0;
		bell.set("start", () => {
			if (++tries < 3) throw new TypeError("the service is down");
		});
		const first = await join();
		// Another app asks, so the answer does not contain what this app threw.
		expect(first).toEqual({
			id: expect.any(Number),
			state: "pending",
			error: {
				code: "start_failed",
				message:
					"the start of the event failed, and is retried; the log of the owner says why",
			},
		});
		expect((await boundSubscriptions(name).state()).error).toMatchObject({
			message: "the service is down",
		});
		await vi.waitFor(async () => {
			expect((await boundSubscriptions(name).state()).phase).toBe("running");
		}, wait);
		expect(tries).toBe(3);
		expect(await join()).toEqual({ id: first.id, state: "active" });
		expect(tries).toBe(3);
	});

	test("a failed stop is retried until it succeeds, and start waits for it", async () => {
		const order: string[] = [];
		let stops = 0;
		bell.set("start", () => void order.push("start"));
		bell.set("stop", () => {
			order.push("stop");
			if (++stops === 1) throw new Error("not now");
		});
		await join();
		await leave();
		await vi.waitFor(() => expect(stops).toBe(1), wait);
		await join();
		await vi.waitFor(
			() => expect(order).toEqual(["start", "stop", "stop", "start"]),
			wait,
		);
		await vi.waitFor(async () => {
			expect((await boundSubscriptions(name).state()).phase).toBe("running");
		}, wait);
	});

	test("start and tools have a timeout of 5 seconds by default and at most 60", () => {
		const rung = {
			description: "d",
			capabilities: [],
			tokens: {},
			payload: { type: "object" },
		};
		const module = { default: () => {} };
		const made = (timeout: "60 seconds" | number) =>
			createApp("@test/timed", {
				events: { rung },
				handlers: {
					rung: {
						start: { ...module, timeout },
						handler: module,
						stop: module,
					},
				},
				tools: { quick: module },
			}).handlers;
		expect(made("60 seconds").map((one) => one.timeout)).toEqual([
			60_000,
			undefined,
			undefined,
			undefined,
		]);
		expect(() => made(60_001)).toThrow(
			"@test/timed: src/events/rung/start.ts: timeout: 60001 ms is too long; an attempt may take at most 60000 ms",
		);
	});
});

describe("the handler", () => {
	const poll = (every: unknown) =>
		new Promise<unknown>((resolve) => {
			behaviours.set("ticked start", async ({ event }) => {
				resolve(await event.poll(every).then(() => "polled", String));
			});
		});
	const join = () =>
		boundSubscriptions("@test/lab/ticked").subscribe({
			app: "@test/guest",
			tool: "act",
			key: [],
		});
	const tickedObject = () => {
		const { Subscriptions } = exports as unknown as {
			Subscriptions: DurableObjectNamespace;
		};
		return Subscriptions.getByName("@test/lab/ticked");
	};
	const leave = () =>
		boundSubscriptions("@test/lab/ticked").unsubscribe("@test/guest", []);

	afterEach(async () => {
		await leave();
		await stopped("@test/lab/ticked");
		behaviours.clear();
	});

	test.each([
		["5 minutes", "polled"],
		["1 minute", "polled"],
		[
			"59 seconds",
			"RefusedError: event.poll: 59000 ms is not a poll interval; use 1 minute to 30 days",
		],
		[
			"31 days",
			"RefusedError: event.poll: 2678400000 ms is not a poll interval; use 1 minute to 30 days",
		],
	])("polled at the interval %s: %s", async (every, answer) => {
		const answered = poll(every);
		await join();
		expect(await answered).toBe(answer);
	});

	test("runs at each poll within the time that the kit for Workers lets pass", async () => {
		const handled: unknown[] = [];
		behaviours.set("ticked handler", ({ trigger }) => handled.push(trigger));
		using bus = createTestEvents(events);
		const answered = poll("1 day");
		await join();
		await answered;
		await bus.advance("3 days");
		expect(handled).toEqual(["poll", "poll", "poll"]);
		expect(bus.published("@test/lab/ticked/trigger")).toMatchObject([
			{ body: { trigger: "poll" } },
			{ body: { trigger: "poll" } },
			{ body: { trigger: "poll" } },
		]);
	});

	test("has run when the kit for Workers has let time pass, although a queue was slow", async () => {
		const { EVENTS_QUEUE: queue } = env as unknown as {
			EVENTS_QUEUE: Queue<string>;
		};
		const handled: unknown[] = [];
		behaviours.set("ticked handler", ({ trigger }) => handled.push(trigger));
		const slow = {
			send: (body: string) => queue.send(body, { delaySeconds: 1 }),
		};
		using bus = createTestEvents(events, { env: { EVENTS_QUEUE: slow } });
		const answered = poll("1 day");
		await join();
		await answered;
		await bus.advance("1 day");
		expect(handled).toEqual(["poll"]);
	});

	test("the kit for Workers lets no time pass while a stop runs", async () => {
		const steps: string[] = [];
		const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
		behaviours.set("ticked stop", async () => {
			steps.push("begun");
			begin();
			// Enough for the kit to look at every alarm many times.
			const tooEarly = () => expect(steps).toContain("advanced");
			await vi.waitFor(tooEarly, { timeout: 200 }).catch(() => {});
			steps.push("ended");
		});
		using bus = createTestEvents(events);
		await join();
		await leave();
		const alarm = runDurableObjectAlarm(tickedObject());
		await begun;
		await bus.advance("1 day");
		steps.push("advanced");
		await alarm;
		expect(steps).toEqual(["begun", "ended", "advanced"]);
	});

	test("runs with the trigger of a poll at its time", async () => {
		const handled: unknown[] = [];
		behaviours.set("ticked handler", (input) => void handled.push(input));
		const answered = poll("5 minutes");
		await join();
		await answered;
		vi.useFakeTimers({ toFake: ["Date"] });
		try {
			vi.setSystemTime(Date.now() + 300_001);
			await runDurableObjectAlarm(tickedObject());
			await vi.waitFor(
				() => expect(handled).toEqual([{ trigger: "poll" }]),
				wait,
			);
		} finally {
			vi.useRealTimers();
		}
	});
});

const emptyModule = { default: () => {} };
const longName = `@${"s".repeat(49)}/${"a".repeat(49)}`;
const longEvent = "e".repeat(64);

const longest = () =>
	createApp(longName, {
		events: {
			[longEvent]: {
				description: "d",
				capabilities: [],
				tokens: {},
				payload: { type: "object" },
			},
		},
		handlers: {
			[longEvent]: {
				start: emptyModule,
				handler: emptyModule,
				stop: emptyModule,
			},
		},
		tools: { ["t".repeat(64)]: emptyModule },
	});

describe("an app with the longest names", () => {
	test("is declared, registered and listed, and the owner can read it", () => {
		expect(longName).toHaveLength(100);
		const app = longest();
		const registration = registrationOf(createEvents({ apps: [app] }));
		const listings = registration.handlers.list().map(listingOf);
		expect(listingsFrom(structuredClone(listings)).map(({ id }) => id)).toEqual(
			[
				`${longName}/${longEvent}/start`,
				`${longName}/${longEvent}/handler`,
				`${longName}/${longEvent}/stop`,
				`${longName}/${"t".repeat(64)}`,
			],
		);
		expect(declarationFrom(structuredClone(app.declaration))).toMatchObject({
			name: longName,
			tools: ["t".repeat(64)],
		});
	});

	test("is rejected with one more character", () => {
		expect(() => createApp(`${longName}a`, {})).toThrow(
			"at most 100 characters",
		);
		expect(() =>
			createApp(longName, { tools: { ["t".repeat(65)]: emptyModule } }),
		).toThrow("1 to 64");
	});
});
