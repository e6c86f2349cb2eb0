/** The test kit, as a user writes tests with it. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realWait } from "node:timers/promises";
import {
	createEvents,
	event,
	NonRetryableError,
	type TidingsEvent,
} from "tidings";
import { createTestEvents, type TestEventsOptions } from "tidings/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod";
import { checkNode } from "../../src/testing/vitest.ts";
import { kitClaims } from "./kit-claims.ts";

const UserJoined = event("user.joined", z.object({ email: z.email() }));
const ReminderDue = event("reminder.due", z.object({ email: z.email() }));
const body = { email: "ada@example.com" };

const events = createEvents({ events: [UserJoined, ReminderDue] });
events.on(UserJoined, { id: "send-mail" }, async ({ body }) => {
	await events.publish(ReminderDue, { after: "2 days" }, body);
});
events.on(ReminderDue, { id: "remind" }, () => {});

/** A bus with one handler, for the event `tick`. */
function busWith(
	handle: (event: TidingsEvent) => unknown,
	options?: TestEventsOptions,
) {
	const events = createEvents({ observe: () => {} });
	events.on("tick", { id: "handle", retries: 3 }, handle);
	return createTestEvents(events, options);
}

const minute = 60_000;
const SECOND = { backoff: "constant", base: "1 second" } as const;

describe("virtual time", () => {
	test("days later a reminder goes out, and after two failures the third attempt succeeds", async () => {
		const bus = createTestEvents(events, { now: "2027-03-01T09:00Z" });
		bus.failNext("send-mail", 2);
		await bus.publish("user.joined", body);
		expect(bus.attempts()).toEqual([]);
		await bus.settle();
		expect(bus.attempts("send-mail")).toMatchObject([
			{ outcome: "failed", attempt: 1, handler: "send-mail" },
		]);
		await bus.advance("3 days");
		expect(bus.now).toEqual(new Date("2027-03-04T09:00Z"));
		expect(bus.attempts("send-mail")).toMatchObject([
			{ outcome: "failed", error: { message: /failNext/ } },
			{ outcome: "failed" },
			{ outcome: "delivered", event: { name: "user.joined", body } },
		]);
		const [published] = bus.published("reminder.due");
		expect(published).toMatchObject({ body, delay: 2 * 86_400_000 });
		const [reminded] = bus.attempts("remind");
		expect(reminded?.at).toBe(Number(published?.time) + 2 * 86_400_000);
		expect(bus.deadLetters()).toEqual([]);
	});

	test("a handler sees only virtual clocks and timers, and the test only real ones", async () => {
		const seen: unknown[] = [];
		const bus = busWith(
			async () => {
				seen.push(new Date(), Date.now(), new Date(0).getTime());
				seen.push(new Date() instanceof Date, typeof Date());
				await new Promise((resolve) => setTimeout(resolve, 2_000));
				let ticks = 0;
				await new Promise<void>((resolve) => {
					const interval = setInterval(() => {
						ticks += 1;
						if (ticks < 3) return;
						clearInterval(interval);
						resolve();
					}, 100);
				});
				seen.push(Date.now());
				const signal = AbortSignal.timeout(500);
				await new Promise((resolve) => {
					signal.addEventListener("abort", resolve);
				});
				seen.push(signal.reason.name, Date.now());
			},
			{ now: new Date(5_000_000) },
		);
		const startedAt = Date.now();
		await bus.publish("tick", null);
		await bus.settle();
		const at = 5_000_000;
		expect(seen).toEqual([
			new Date(at),
			at,
			0,
			true,
			"string",
			at + 2_300,
			"TimeoutError",
			at + 2_800,
		]);
		expect(bus.attempts()).toMatchObject([{ outcome: "delivered", at }]);
		expect(Date.now() - startedAt).toBeLessThan(1_000);
	});

	test("stands still while an attempt waits for a file, a connection or a real timer", async () => {
		const folder = await mkdtemp(join(tmpdir(), "tidings-kit-"));
		onTestFinished(() => rm(folder, { recursive: true }));
		await writeFile(join(folder, "file"), "content");
		const server = createServer((_, response) => {
			void realWait(20).then(() => response.end("answer"));
		});
		await new Promise<void>((resolve) => server.listen(0, resolve));
		onTestFinished(() => void server.close());
		const { port } = server.address() as AddressInfo;
		const read: unknown[] = [];
		const bus = busWith(async () => {
			const startedAt = Date.now();
			read.push(await readFile(join(folder, "file"), "utf8"));
			const signal = AbortSignal.timeout(1_000);
			const response = await fetch(`http://localhost:${port}`, { signal });
			read.push(await response.text());
			await realWait(20);
			read.push(Date.now() - startedAt);
		});
		await bus.publish("tick", null);
		await bus.settle();
		expect(read).toEqual(["content", "answer", 0]);
		expect(bus.attempts()).toMatchObject([{ outcome: "delivered" }]);
	});

	test("an attempt that never ends fails after its timeout, and is retried", async () => {
		const bus = busWith(() => new Promise(() => {}));
		await bus.publish("tick", null);
		await bus.settle();
		expect(bus.attempts()).toMatchObject([
			{ outcome: "failed", error: { message: /5000 ms/ } },
		]);
		expect(bus.now).toEqual(new Date("2027-01-01T00:00:05Z"));
		await bus.advance("1 hour");
		expect(bus.attempts().map(({ outcome }) => outcome)).toEqual([
			"failed",
			"failed",
			"failed",
			"dead",
		]);
		expect(bus.deadLetters()).toMatchObject([
			{
				handler: "handle",
				cause: "exhausted",
				attempts: 4,
				event: { name: "tick" },
			},
		]);
	});

	test("passes only forward, by a wait, a duration or to a date", async () => {
		const bus = busWith(() => {}, { now: "2027-01-31T00:00:00+01:00" });
		await bus.advance(5_000);
		await bus.advance("1 month");
		expect(bus.now).toEqual(new Date("2027-02-28T23:00:05Z"));
		await bus.advance(new Date("2027-03-02"));
		expect(bus.now).toEqual(new Date("2027-03-02"));
		await expect(bus.advance(new Date("2027-03-01"))).rejects.toThrow(
			/^advance: .*not in the future/,
		);
	});

	test("a scheduled event is cancelled and rescheduled as in a Worker", async () => {
		const bus = busWith(() => {});
		const { id } = await bus.publish("tick", { after: "1 hour" }, null);
		await bus.reschedule(id, "3 hours");
		await bus.advance("2 hours");
		expect(bus.attempts()).toEqual([]);
		expect(await bus.cancel(id)).toBe(true);
		expect(await bus.cancel(id)).toBe(false);
		await bus.advance("1 day");
		expect(bus.attempts()).toEqual([]);
	});
});

describe("what is recorded", () => {
	test("the same seed gives the same timeline, another seed other waits", async () => {
		const timeline = async (seed: number) => {
			const bus = busWith(
				() => {
					throw new Error("not yet");
				},
				{ seed },
			);
			await bus.publishBatch([{ name: "tick" }, { name: "tick" }]);
			await bus.advance("10 minutes");
			return bus.timeline();
		};
		const first = await timeline(1);
		expect(await timeline(1)).toBe(first);
		expect(await timeline(2)).not.toBe(first);
		expect(first).toContain("2027-01-01T00:00:00.000Z  retrying    tick");
	});

	test("a large body that travels by reference is recorded too", async () => {
		const bus = busWith(() => {});
		const text = "x".repeat(200_000);
		await bus.publish("tick", { text });
		await bus.settle();
		expect(bus.published("tick")).toMatchObject([{ body: { text } }]);
		expect(bus.attempts()).toMatchObject([{ event: { body: { text } } }]);
	});

	test("a permanent failure is a dead letter at once", async () => {
		const bus = busWith(() => {
			throw new NonRetryableError("no");
		});
		await bus.publish("tick", 1);
		await bus.settle();
		expect(bus.attempts()).toMatchObject([{ outcome: "dead" }]);
		expect(bus.deadLetters()).toMatchObject([
			{ cause: "non_retryable", error: { message: "no" }, event: { body: 1 } },
		]);
	});

	test("the console of a handler is printed, the log of Tidings is not", async () => {
		const log = vi.spyOn(console, "log").mockReturnValue();
		const warn = vi.spyOn(console, "warn").mockReturnValue();
		onTestFinished(() => void vi.restoreAllMocks());
		const loud = createEvents();
		loud.on("tick", { id: "loud" }, ({ body }) => {
			console.log("handled", body);
			if (body === 1) throw new Error("again");
		});
		const bus = createTestEvents(loud);
		await bus.publish("tick", 2);
		await bus.settle();
		expect(log).toHaveBeenCalledWith("handled", 2);
		expect(warn).not.toHaveBeenCalled();
	});

	test("two buses of the same events do not see each other", async () => {
		const one = createTestEvents(events);
		const other = createTestEvents(events);
		await Promise.all([
			one.publish("user.joined", body).then(() => one.settle()),
			other.advance("1 day"),
			other.publish("user.joined", body).then(() => other.advance("3 days")),
		]);
		expect(one.attempts()).toHaveLength(1);
		expect(other.attempts()).toHaveLength(2);
		other.dispose();
		await one.advance("3 days");
		expect(one.attempts()).toHaveLength(2);
		await expect(other.settle()).rejects.toThrow(/disposed/);
	});
});

describe("as on the real runtime", () => {
	const events = createEvents({ observe: () => {} });
	const behaviours = new Map();
	for (const [name, id, options] of [
		["load.one", "load", { retries: { limit: 1, ...SECOND } }],
		["long.wait", "long", { retries: { backoff: ["20 hours"] } }],
		["slow.one", "slow", { timeout: 50, retries: 0 }],
	] as const)
		events.on(name, { id, ...options }, (event, context) =>
			behaviours.get(id)?.(event, context),
		);
	kitClaims({
		events,
		behaviours,
		create: () => createTestEvents(events),
		createWithDuplicates: () =>
			createTestEvents(events, { chaos: { duplicates: true } }),
	});
});

describe("faults", () => {
	test.each([
		"before-handler",
		"after-handler",
		"before-schedule",
		"after-schedule",
	] as const)(
		"a crash %s loses nothing: the delivery runs again",
		async (point) => {
			const bus = createTestEvents(events);
			bus.crashAt(point);
			await bus.publish("user.joined", body);
			await bus.settle();
			expect(bus.attempts()).toMatchObject([{ outcome: "crashed" }]);
			await bus.advance("4 days");
			expect(bus.attempts("send-mail")).toMatchObject([
				{ outcome: "crashed" },
				{ outcome: "delivered" },
			]);
			// The first attempt may have scheduled its reminder before the crash.
			const had = point === "after-handler" || point === "after-schedule";
			expect(bus.attempts("remind")).toHaveLength(had ? 2 : 1);
		},
	);

	test.each(["before-send", "after-send"] as const)(
		"a crash %s of a retry loses nothing",
		async (point) => {
			const bus = busWith(() => {});
			bus.failNext("handle", 1, new Error("busy"));
			bus.crashAt(point);
			await bus.publish("tick", null);
			await bus.advance("1 hour");
			const outcomes = bus.attempts().map(({ outcome }) => outcome);
			expect(outcomes).toContain("crashed");
			expect(outcomes).toContain("delivered");
			expect(bus.timeline()).toContain(
				point === "before-send" ? "crash_before" : "crash_after",
			);
		},
	);

	test("with duplicates, a handler that is not idempotent is found out", async () => {
		let sent = 0;
		const bus = busWith(
			() => {
				sent += 1;
			},
			{ chaos: { duplicates: true } },
		);
		await bus.publish("tick", null);
		await bus.settle();
		expect(sent).toBeGreaterThan(1);
		expect(bus.published()).toHaveLength(1);
	});

	test("with reordering, events arrive in another order, and without it in theirs", async () => {
		const orderWith = async (chaos: TestEventsOptions["chaos"]) => {
			const order: unknown[] = [];
			const bus = busWith(({ body }) => void order.push(body), {
				...(chaos && { chaos }),
			});
			await bus.publishBatch(
				Array.from({ length: 20 }, (_, body) => ({ name: "tick", body })),
			);
			await bus.settle();
			return order;
		};
		const published = Array.from({ length: 20 }, (_, body) => body);
		expect(await orderWith(undefined)).toEqual(published);
		const reordered = await orderWith({ reorder: true, seed: 7 });
		expect(reordered).not.toEqual(published);
		expect(reordered.toSorted((a, b) => Number(a) - Number(b))).toEqual(
			published,
		);
	});

	test.each([1, 2, 3])(
		"with crashes and outages, every event is still handled (seed %i)",
		async (seed) => {
			const handled = new Set<unknown>();
			const bus = busWith(({ body }) => void handled.add(body), {
				chaos: { seed, crashes: true, outages: true, duplicates: true },
			});
			for (let body = 0; body < 20; body += 1)
				await bus.publish(
					"tick",
					body % 2 === 0 ? { after: "1 hour" } : {},
					body,
				);
			await bus.advance("2 days");
			expect(handled.size).toBe(20);
			expect(bus.timeline()).toMatch(/crash_(before|after)/);
			expect(bus.deadLetters()).toEqual([]);
		},
	);
});

describe("one Worker and others", () => {
	test("handlers of another Worker run there, with its own variables, and publish to the owner", async () => {
		const { env } = await import("cloudflare:workers");
		const mail = createEvents({ observe: () => {} });
		const seen: unknown[] = [];
		mail.on("user.joined", { id: "welcome" }, async ({ body }) => {
			seen.push(
				(env as unknown as { FROM: string }).FROM,
				"EVENTS_QUEUE" in env,
			);
			await mail.publish("mail.sent", body);
		});
		const bus = createTestEvents(events, {
			env: { FROM: "owner@example.com" },
			workers: { mail: { events: mail, env: { FROM: "mail@example.com" } } },
		});
		bus.failNext("mail/welcome");
		await bus.publish("user.joined", body);
		await bus.advance("1 minute");
		expect(bus.attempts("mail/welcome")).toMatchObject([
			{ outcome: "failed" },
			{ outcome: "delivered" },
		]);
		expect(seen).toEqual(["mail@example.com", false]);
		expect(bus.published("mail.sent")).toMatchObject([{ body }]);
	});

	test("run calls one handler directly, with a body that its schema has parsed", async () => {
		const upper = createEvents();
		const Named = event("named", z.object({ name: z.string().toUpperCase() }));
		upper.on(Named, { id: "greet" }, ({ body, name }, { attempt }) => ({
			text: `${name} ${body.name} ${attempt}`,
			at: Date.now(),
		}));
		const bus = createTestEvents(upper, { now: 1_900_000_000_000 });
		expect(await bus.run("greet", { name: "ada" }, { attempt: 3 })).toEqual({
			text: "named ADA 3",
			at: 1_900_000_000_000,
		});
		await expect(bus.run("greet", { name: 1 })).rejects.toThrow(/name/);
		expect(bus.attempts()).toEqual([]);
	});

	test("run gives a handler of several events the first name, and one of patterns the name that the test gives", async () => {
		const audit = createEvents();
		const nameOf = ({ name }: TidingsEvent) => name;
		audit.on(["user.*", "order.placed"], { id: "some" }, nameOf);
		audit.on("user.*", { id: "users" }, nameOf);
		const bus = createTestEvents(audit);
		expect(await bus.run("some", null)).toBe("order.placed");
		const joined = { name: "user.joined" };
		expect(await bus.run("users", null, joined)).toBe("user.joined");
		await expect(bus.run("users", null)).rejects.toThrow(
			'run: "users" is registered for user.*, which is no name of an event',
		);
		await expect(bus.run("users", null, { name: "a.b" })).rejects.toThrow(
			'run: name: "a.b" does not match user.*',
		);
	});

	test("request runs a route of the Worker, whose events reach the bus", async () => {
		const { env } = await import("cloudflare:workers");
		const route = async (request: Request) => {
			await events.publish(UserJoined, (await request.json()) as typeof body);
			return Response.json({ env, at: Date.now() });
		};
		const bus = createTestEvents(events, {
			now: "2027-03-01T09:00Z",
			env: { A: 1 },
		});
		const request = new Request("https://shop.test/", {
			method: "POST",
			body: JSON.stringify(body),
		});
		const response = await bus.request(async () => {
			await realWait(5);
			return route(request);
		});
		expect(await response.json()).toMatchObject({
			at: Date.parse("2027-03-01T09:00Z"),
		});
		expect(bus.published("user.joined")).toHaveLength(1);
	});

	test("fetch reaches the HTTP API with a key of the test's environment", async () => {
		const key = "tid_kit_secret";
		const digest = createHash("sha256").update(key).digest("hex");
		const API_KEYS = JSON.stringify([
			{ id: "kit", scopes: ["publish"], digest },
		]);
		const bus = createTestEvents(events, { env: { API_KEYS } });
		const publish = (headers: HeadersInit) =>
			bus.fetch("/v1/events", {
				method: "POST",
				headers: { "content-type": "application/json", ...headers },
				body: JSON.stringify({ name: "user.joined", body }),
			});
		expect((await publish({})).status).toBe(401);
		const answer = await publish({ authorization: `Bearer ${key}` });
		expect(answer.status).toBe(202);
		expect(bus.published("user.joined")).toHaveLength(1);
	});

	test("an invalid event is rejected as in a Worker", async () => {
		const bus = createTestEvents(events);
		await expect(
			bus.publish("user.joined", { email: "nobody" }),
		).rejects.toMatchObject({ name: "RefusedError", code: "schema_violation" });
		expect(bus.published()).toEqual([]);
	});
});

describe("a bus that no test disposes of", () => {
	const ofFile = createTestEvents(events);
	let ofTest: typeof ofFile;

	test("is open until the end of its test", async () => {
		ofTest = createTestEvents(events);
		onTestFinished(() => ofTest.settle());
		await ofTest.settle();
	});

	test("is ended before the next test, unless it was created outside of a test", async () => {
		await expect(ofTest.settle()).rejects.toThrow(/disposed/);
		await ofFile.settle();
	});
});

describe("a mistake in a test is an error", () => {
	test("a handler or a point that does not exist, and an unknown option", () => {
		const bus = createTestEvents(events);
		expect(() => bus.attempts("send-mial")).toThrow(
			'there is no handler "send-mial"; there are send-mail, remind',
		);
		expect(() => bus.failNext("x")).toThrow(/no handler "x"/);
		expect(() => bus.crashAt("now" as never)).toThrow(/before-handler, /);
		expect(() => createTestEvents(events, { wrong: 1 } as never)).toThrow(
			/createTestEvents: unknown key "wrong"/,
		);
		expect(() =>
			createTestEvents(events, { chaos: { crash: true } as never }),
		).toThrow(/unknown key "crash"/);
		expect(() => createTestEvents(events, { now: "2027-03-01" })).toThrow(
			/now: "2027-03-01" is not an instant/,
		);
	});

	test("publishing outside of the bus says what to do", async () => {
		await expect(
			(async () => events.publish("user.joined", body))(),
		).rejects.toThrow(/bus\.request/);
	});

	test("a call that never ends is an error, and the bus goes on", async () => {
		const bus = busWith(() => {});
		const never = bus.request(() => new Promise(() => {}));
		await expect(never).rejects.toThrow(/15 minutes of virtual time/);
		await bus.publish("tick", null);
		await bus.settle();
		expect(bus.attempts()).toHaveLength(1);
	});

	test("a Node without a sufficient node:sqlite is named with the one that is needed", () => {
		for (const version of ["20.20.2", "22.15.0"])
			expect(() => checkNode(version)).toThrow(
				`Node ${version} has no node:sqlite that suffices; use Node 22.16 or later`,
			);
		for (const version of ["22.16.0", "24.0.0"]) checkNode(version);
	});

	test("time cannot pass inside a handler", async () => {
		const bus = busWith(() => bus.advance(minute));
		await bus.publish("tick", null);
		await bus.settle();
		expect(bus.attempts()).toMatchObject([
			{ outcome: "failed", error: { message: /inside a handler/ } },
		]);
	});
});
