import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppBinding } from "../../src/apps/app-workers.ts";
import { consume } from "../../src/consume/queue.ts";
import { apps } from "../../src/entrypoints/apps.ts";
import {
	type CallSignature,
	signatureFor,
} from "../../src/handlers/call-signature.ts";
import { HandlerRegistry, register } from "../../src/handlers/registry.ts";
import type { SubscriberBinding } from "../../src/handlers/remote-worker.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import { handlerWorkers } from "../../src/handlers/workers.ts";
import {
	createEvents,
	NonRetryableError,
	RetryAfterError,
} from "../../src/index.ts";
import { binding } from "../../src/platform/environment.ts";
import { publish } from "../../src/publish/publish.ts";
import { registrationOf } from "../../src/registration.ts";
import { subscriber, worker } from "../../src/worker.ts";
import { appPortsOf } from "../support/app-ports.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";
import {
	delivering,
	ends,
	FakeWorker,
	owning,
	sent,
	taken,
	waiting,
} from "../support/worker-binding.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

afterEach(() => behaviours.clear());

describe("an event", () => {
	test("is dispatched to a Worker in one call with all of its handlers, in order", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(fake.calls).toMatchObject([
			{
				handlers: [
					{
						deliveryHandler: "fake/send",
						handler: "send",
						attempt: 1,
						timeout: 5_000,
					},
					{
						deliveryHandler: "fake/log",
						handler: "log",
						attempt: 1,
						timeout: 5_000,
					},
				],
				within: 12 * MINUTE,
			},
		]);
		expect(read(fake.calls[0]?.record ?? "")).toMatchObject({ body: { n: 1 } });
		expect(ends(ports)).toEqual(["delivered fake/send", "delivered fake/log"]);
		expect(ports.recorded).toMatchObject({
			retries: [],
			rows: [],
			deadLetters: [],
		});
	});

	test("causes no call of a Worker without a matching handler", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		expect(await taken(record("user.joined"), ports)).toBe("ack");
		expect(fake.calls).toEqual([]);
		expect(ends(ports)).toEqual(["ignored "]);
	});

	test("is dispatched to all Workers concurrently: a slow one delays no other", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake, { own: true, mail: true });
		const end = Promise.withResolvers<void>();
		fake.does = () => end.promise;
		const consuming = taken(record("order.placed"), ports);
		await vi.waitFor(() =>
			expect(ends(ports).sort()).toEqual([
				"delivered first",
				"delivered mail/log",
				"delivered mail/send",
				"delivered second",
				"delivered third",
			]),
		);
		end.resolve();
		expect(await consuming).toBe("ack");
	});

	test("with a stored body reaches a Worker with the body", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		ports.recorded.payloads.set("stored here", { text: '{"n":7}', until: 0 });
		const { body: _, ...head } = read(record("order.placed"));
		const referring = JSON.stringify({ ...head, reference: "stored here" });
		expect(await taken(referring, ports)).toBe("ack");
		expect(read(fake.calls[0]?.record ?? "").body).toEqual({ n: 7 });
	});

	test("calls handlers as the configuration changes them", async () => {
		const fake = new FakeWorker();
		const change = {
			id: "receipts",
			handler: "fake/send",
			patterns: ["user.joined"],
			timeout: 9,
			policy: policyOf(0),
		};
		const { ports } = owning(fake, {
			routing: { overrides: [change], defaults: {} },
		});
		fake.does = async (_, report) =>
			report("receipts", { type: "timed_out", timeout: 9 });
		expect(await taken(record("user.joined"), ports)).toBe("ack");
		expect(fake.calls[0]?.handlers).toEqual([
			{ deliveryHandler: "receipts", handler: "send", attempt: 1, timeout: 9 },
		]);
		expect(ends(ports)).toEqual(["dead receipts"]);
		const delivery = delivering({ handler: "receipts", attempt: 2 });
		expect(await taken(delivery, ports)).toBe("ack");
		expect(fake.calls[1]?.handlers).toMatchObject([{ handler: "send" }]);
	});
});

describe("a real Worker behind a binding", () => {
	const mailing = () => owning(new FakeWorker(), { mail: true });

	test("runs its handlers one after the other, each with its own copy", async () => {
		const { ports } = mailing();
		const order: string[] = [];
		for (const id of ["send", "log"])
			behaviours.set(id, async ({ body }, { handler, attempt }) => {
				order.push(`${handler} ${attempt} ${(body as { n: number }).n}`);
				(body as { n: number }).n = 99;
				await Promise.resolve();
				order.push(`${id} ends`);
			});
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(order).toEqual(["send 1 1", "send ends", "log 1 1", "log ends"]);
		expect(ends(ports)).toContain("delivered mail/send");
		expect(ends(ports)).toContain("delivered mail/log");
	});

	test("reports an error with its name, message and stack", async () => {
		const { ports } = mailing();
		behaviours.set("send", () => {
			class ClosedError extends Error {
				override readonly name = "ClosedError";
			}
			throw new ClosedError("the post office is closed");
		});
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(sent(ports)).toMatchObject([
			{
				handler: "mail/send",
				attempt: 2,
				firstFailure: {
					name: "ClosedError",
					message: "the post office is closed",
					stack: expect.stringContaining("workers.test"),
				},
			},
		]);
		expect(ends(ports)).toContain("delivered mail/log");
	});

	test("controls its retries: NonRetryableError ends a delivery, RetryAfterError sets the time", async () => {
		const { ports, time } = mailing();
		behaviours.set("send", () => {
			throw new NonRetryableError("no such street");
		});
		behaviours.set("log", () => {
			throw new RetryAfterError("busy", new Date(time.now + 90 * SECOND));
		});
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ports.recorded.transitions).toContainEqual(
			expect.objectContaining({
				type: "dead",
				handler: "mail/send",
				cause: "non_retryable",
			}),
		);
		expect(ports.recorded.retries).toMatchObject([{ delaySeconds: 90 }]);
	});

	test("ends an attempt after its timeout", async () => {
		const { ports } = mailing();
		const aborted = Promise.withResolvers<void>();
		behaviours.set("send", (_, { signal }) => {
			signal.addEventListener("abort", () => aborted.resolve());
			return new Promise(() => {});
		});
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		await aborted.promise;
		expect(sent(ports)).toMatchObject([
			{ handler: "mail/send", firstFailure: { name: "TimeoutError" } },
		]);
		expect(ends(ports)).toContain("delivered mail/log");
	});

	test("runs a delivery with the attempt that its message carries", async () => {
		const { ports } = mailing();
		const attempts: number[] = [];
		behaviours.set("send", (_, { attempt }) => void attempts.push(attempt));
		const text = delivering({ handler: "mail/send", attempt: 3 });
		expect(await taken(text, ports)).toBe("ack");
		expect(attempts).toEqual([3]);
		expect(ends(ports)).toEqual(["delivered mail/send"]);
	});
});

describe("a Worker whose handlers are not known", () => {
	test("never counts as one without handlers: the event waits for the Worker", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports, time } = owning(fake, { own: true });
		expect(await taken(record("user.left"), ports)).toBe("ack");
		expect(waiting(ports)).toEqual([
			{
				handler: "fake/*",
				attempt: 1,
				unreachableFor: MINUTE,
				dueAt: time.now + MINUTE,
			},
		]);
		expect(ends(ports)).toEqual(["waiting fake/*"]);
	});

	test("delays no handler of other Workers", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports } = owning(fake, { own: true, mail: true });
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ends(ports).sort()).toEqual([
			"delivered first",
			"delivered mail/log",
			"delivered mail/send",
			"delivered second",
			"delivered third",
			"waiting fake/*",
		]);
	});

	test("receives a waiting event in one call once it lists them", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/*", attempt: 1 });
		expect(await taken(text, ports)).toBe("ack");
		expect(fake.calls).toHaveLength(1);
		expect(ends(ports)).toEqual(["delivered fake/send", "delivered fake/log"]);
	});

	test("receives a redelivered event as separate deliveries", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/*", attempt: 1 });
		expect(await taken(text, ports, { attempts: 2 })).toBe("ack");
		expect(fake.calls).toEqual([]);
		expect(sent(ports)).toEqual([
			{ handler: "fake/send", attempt: 1 },
			{ handler: "fake/log", attempt: 1 },
		]);
	});

	test("ignores a waiting event that matches none of its handlers", async () => {
		const fake = new FakeWorker();
		fake.lists = () => [];
		const { ports } = owning(fake);
		const text = delivering({ handler: "fake/*", attempt: 1 });
		expect(await taken(text, ports)).toBe("ack");
		expect(ends(ports)).toEqual(["ignored fake/*"]);
	});

	test("is retried for a day, at growing intervals, and then the delivery is dead", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports, time } = owning(fake);
		const since = time.now;
		let text = record("order.placed");
		const waits: number[] = [];
		while (ports.recorded.deadLetters.length === 0) {
			const count = ports.recorded.rows.length;
			expect(await taken(text, ports)).toBe("ack");
			const row = ports.recorded.rows[count];
			if (!row) break;
			waits.push((row.dueAt - time.now) / MINUTE);
			text = row.record;
			time.now = row.dueAt;
		}
		expect(waits.slice(0, 7)).toEqual([1, 1, 2, 4, 8, 16, 32]);
		expect(Math.max(...waits)).toBe(60);
		expect(time.now - since).toBe(DAY);
		expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
			handler: "fake/*",
			cause: "unreachable",
			attempts: 0,
		});
	});

	test("results in one dead letter with its key if the platform gives up on the event", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports } = owning(fake, { own: true });
		const judged = incoming(record("order.placed"), { attempts: 1 });
		await consume([judged], "deadLetters", ports);
		expect(ports.recorded.stored.map(({ handler }) => handler)).toEqual([
			"first",
			"second",
			"third",
			"fake/*",
		]);
	});
});

describe("a list of handlers", () => {
	test("is cached for a minute", async () => {
		const fake = new FakeWorker();
		const { ports, time } = owning(fake);
		for (let n = 0; n < 5; n++) await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(1);
		fake.lists = () => [{ id: "young", patterns: ["**"] }];
		time.now += MINUTE - 1;
		await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(1);
		time.now += 1;
		ports.recorded.transitions.length = 0;
		await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(2);
		expect(ends(ports)).toEqual(["delivered fake/young"]);
	});

	test("that has expired is not used while the Worker does not respond", async () => {
		const fake = new FakeWorker();
		const { ports, time } = owning(fake);
		await taken(record("order.placed"), ports);
		fake.goDown();
		time.now += MINUTE;
		ports.recorded.transitions.length = 0;
		await taken(record("order.placed"), ports);
		expect(ends(ports)).toEqual(["waiting fake/*"]);
	});

	test("that cannot be read is logged with a hint", async () => {
		const error = vi.spyOn(console, "error").mockImplementation(() => {});
		const fake = new FakeWorker();
		fake.goDown();
		const { ports } = owning(fake);
		await taken(record("order.placed"), ports);
		expect(JSON.parse(error.mock.calls[0]?.[0])).toMatchObject({
			tidings: "worker_unreachable",
			worker: "fake",
			hint: expect.stringContaining('entrypoint = "Subscriber"'),
			error: { message: "Worker not found" },
		});
		error.mockRestore();
	});

	test("is not requested again within ten seconds of a failure", async () => {
		const fake = new FakeWorker();
		fake.goDown();
		const { ports, time } = owning(fake);
		for (let n = 0; n < 5; n++) await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(1);
		time.now += 10 * SECOND;
		await taken(record("order.placed"), ports);
		expect(fake.asked).toBe(2);
	});

	test("that never arrives times out", async () => {
		const fake = new FakeWorker();
		fake.lists = () => new Promise(() => {});
		const { ports, expire } = owning(fake);
		const consuming = taken(record("order.placed"), ports);
		await vi.waitFor(() => expect(fake.asked).toBe(1));
		expire();
		expect(await consuming).toBe("ack");
		expect(ends(ports)).toEqual(["waiting fake/*"]);
	});

	test.each([
		["of an invalid form", "none"],
		[
			"with one id twice",
			[
				{ id: "send", patterns: ["order.*"] },
				{ id: "send", patterns: ["user.*"] },
			],
		],
	])("%s counts as no response", async (_, list) => {
		const fake = new FakeWorker();
		fake.lists = () => list as never;
		const { ports } = owning(fake);
		await taken(record("order.placed"), ports);
		expect(ends(ports)).toEqual(["waiting fake/*"]);
	});

	test("of the owner has a handler that is registered after an event was handled", async () => {
		const handlers = new HandlerRegistry();
		const ports = recordingPorts({ handlers });
		register(handlers, "order.placed", [{ id: "early" }, () => {}]);
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		register(handlers, "order.placed", [{ id: "late" }, () => {}]);
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ends(ports)).toEqual([
			"delivered early",
			"delivered early",
			"delivered late",
		]);
	});
});

describe("a handler that its Worker no longer has", () => {
	const gone: FakeWorker["does"] = async ({ handlers }, report) => {
		for (const { deliveryHandler } of handlers)
			await report(deliveryHandler, { type: "unknown_handler" });
	};

	test.each([
		["when the event is dispatched", record("order.one")],
		[
			"when its delivery comes",
			delivering({ handler: "fake/send", attempt: 1 }),
		],
	])(
		"is waited for, because a deploy may be in progress: %s",
		async (_, text) => {
			const fake = new FakeWorker();
			fake.does = gone;
			const { ports, time } = owning(fake);
			expect(await taken(text, ports)).toBe("ack");
			expect(waiting(ports)).toEqual([
				expect.objectContaining({
					handler: "fake/send",
					attempt: 1,
					unknownFor: MINUTE,
					dueAt: time.now + MINUTE,
				}),
			]);
		},
	);

	test("becomes a dead letter after an hour", async () => {
		const fake = new FakeWorker();
		const { ports } = owning(fake);
		const text = delivering({
			handler: "fake/gone",
			attempt: 2,
			unknownFor: HOUR,
		});
		expect(await taken(text, ports)).toBe("ack");
		expect(read(ports.recorded.deadLetters[0] ?? "").deadLetter).toMatchObject({
			handler: "fake/gone",
			cause: "unknown_handler",
			attempts: 1,
		});
	});

	test("is unknown if the configuration no longer has its Worker", async () => {
		const { ports } = owning(new FakeWorker(), { own: true });
		for (const handler of ["lost/send", "lost/*"])
			await taken(delivering({ handler, attempt: 1 }), ports);
		expect(ends(ports)).toEqual(["waiting lost/send", "waiting lost/*"]);
	});
});

test("a route to an unlisted handler is logged once, with the known handlers", async () => {
	const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
	const changes = [
		{ id: "typo", handler: "fake/sned", patterns: ["a.b"] },
		{ id: "fake/send", handler: "fake/send" },
		{ id: "again", handler: "fake/send", patterns: ["a.c"] },
	];
	const { ports, time } = owning(new FakeWorker(), {
		routing: { overrides: changes, defaults: {} },
	});
	await taken(record("order.placed"), ports);
	time.now += MINUTE;
	await taken(record("order.placed"), ports);
	expect(warn.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
		{
			tidings: "route_without_handler",
			route: "typo",
			worker: "fake",
			handler: "fake/sned",
			known: ["fake/send", "fake/log"],
			next: "the route calls no handler",
		},
	]);
	warn.mockRestore();
});

test("a handler of this Worker runs here even if its id is the key of another Worker", async () => {
	const fake = new FakeWorker();
	const { ports } = owning(fake, { own: true });
	const routing = { overrides: [], defaults: {} };
	const { handlers } = registrationOf(events as never);
	const bindings = new Map([["first", () => fake]]);
	ports.workers = handlerWorkers(handlers, bindings, routing, ports);
	await taken(delivering({ handler: "first", attempt: 2 }), ports);
	expect(fake.calls).toEqual([]);
	expect(ends(ports)).toEqual(["delivered first"]);
});

test("handlers that did not start in the time of the call get separate deliveries", async () => {
	const fake = new FakeWorker();
	fake.does = async (_, report) => {
		await report("fake/send", { type: "delivered" });
		await report("fake/log", { type: "not_started" });
	};
	const { ports } = owning(fake);
	expect(await taken(record("order.placed"), ports)).toBe("ack");
	expect(sent(ports)).toEqual([{ handler: "fake/log", attempt: 1 }]);
});

test("an event to three Workers with two handlers each costs one queue message and three calls", async () => {
	const fakes = ["a", "b", "c"].map((key) => [key, new FakeWorker()] as const);
	const bindings = new Map(fakes.map(([key, fake]) => [key, () => fake]));
	const routing = { overrides: [], defaults: {} };
	const ports = recordingPorts();
	ports.workers = handlerWorkers(
		new HandlerRegistry(),
		bindings,
		routing,
		ports,
	);
	for (let n = 0; n < 2; n++) {
		await publish({ name: "order.placed", body: 1 }, ports);
		expect(ports.recorded.events).toHaveLength(1);
		expect(await taken(ports.recorded.events.pop() ?? "", ports)).toBe("ack");
	}
	for (const [, { calls, asked }] of fakes) {
		expect(calls.map(({ handlers }) => handlers.length)).toEqual([2, 2]);
		expect(asked).toBe(1);
	}
	const { retries, deadLetters, rows } = ports.recorded;
	expect([retries, deadLetters, rows]).toEqual([[], [], []]);
	expect(ends(ports).filter((end) => end.startsWith("delivered"))).toHaveLength(
		12,
	);
});

describe("with TIDINGS_CALL_SECRET, another Worker", () => {
	const [SECRET, NEXT] = ["a".repeat(32), "b".repeat(40)];
	const variables = env as unknown as Record<string, unknown>;
	const setSecret = (secret: string) => {
		variables.TIDINGS_CALL_SECRET = secret;
	};
	const mailing = binding("MAIL") as SubscriberBinding & AppBinding;
	const request = {
		method: "POST",
		headers: { host: "a" },
		query: { n: "1" },
		url: "https://a/b?n=1",
		webhookUrl: "https://a/b",
		rawQuery: "n=1",
		bytes: new Uint8Array([1, 2]),
	};
	const call = {
		record: record("order.placed"),
		handlers: [
			{ deliveryHandler: "x", handler: "send", attempt: 1, timeout: 9 },
		],
		within: 1_000,
	};
	const report = async () => {};
	/** Each method as a caller would call it, with the arguments that are signed. */
	const METHODS = {
		handlers: [[], (by) => mailing.handlers(by)],
		deliver: [[call], (by) => mailing.deliver(call, report, undefined, by)],
		apps: [[], (by) => mailing.apps(by)],
		receive: [
			["@a/b/c", request],
			(by) => mailing.receive("@a/b/c", request, by),
		],
		checkPayload: [
			["@a/b/c", 1],
			(by) => mailing.checkPayload("@a/b/c", 1, by),
		],
	} satisfies Record<
		string,
		[args: unknown[], (signature?: CallSignature) => Promise<unknown>]
	>;
	type Method = keyof typeof METHODS;

	const portsOfOwner = () => {
		const owner = createEvents();
		const subscribers = { mail: { binding: "MAIL" as never } };
		worker(owner, { config: { subscribers }, apps: apps() });
		return appPortsOf(owner);
	};

	const failureOf = async (method: Method, signature?: CallSignature) => {
		const [, act] = METHODS[method];
		try {
			await act(signature);
			return "accepted";
		} catch (error) {
			return (error as Error).message;
		}
	};
	const signatureOf = (
		method: Method,
		{
			secret = SECRET,
			worker = "mail",
			args = METHODS[method][0] as unknown[],
			at = 0,
		} = {},
	) => signatureFor(secret, worker, method, args, Date.now() + at);

	beforeEach(() => setSecret(SECRET));
	afterEach(() => {
		delete variables.TIDINGS_CALL_SECRET;
	});

	const ACCEPTED: Record<Method, string> = {
		handlers: "accepted",
		deliver: "accepted",
		apps: "accepted",
		// The signature is right, and there is no such app.
		receive: "tidings: this Worker has no app @a/b",
		checkPayload: "tidings: this Worker has no app @a/b",
	};

	describe.each(Object.keys(METHODS) as Method[])("%s", (method) => {
		test("accepts a call that is signed for it", async () => {
			const signature = await signatureOf(method);
			expect(await failureOf(method, signature)).toBe(ACCEPTED[method]);
			const nearlyLate = await signatureOf(method, { at: -290_000 });
			expect(await failureOf(method, nearlyLate)).toBe(ACCEPTED[method]);
		});

		test("rejects a call without a signature, and runs nothing", async () => {
			const ran = vi.fn();
			behaviours.set("send", ran);
			expect(await failureOf(method)).toBe(
				`the call of ${method} is not signed; set the same TIDINGS_CALL_SECRET in the owner, and list this Worker in its tidings.config.ts under the key "mail"`,
			);
			const malformed = { at: Date.now(), hmac: "?" } as never;
			expect(await failureOf(method, malformed)).toMatch(/is not signed/);
			expect(ran).not.toHaveBeenCalled();
		});

		test("rejects a signature for another Worker, method or content, with another secret, or of another time", async () => {
			const wrong = /has a wrong signature/;
			const { at, hmac } = await signatureOf(method);
			const others = [
				await signatureOf(method, { worker: "stock" }),
				await signatureOf(method, { args: [{ ...call, within: 2_000 }] }),
				await signatureOf(method === "apps" ? "handlers" : "apps", {
					args: METHODS[method][0],
				}),
				{ at: at + 1, hmac },
				{ at, hmac: hmac.slice(1) },
				await signatureOf(method, { secret: NEXT }),
			];
			for (const other of others)
				expect(await failureOf(method, other)).toMatch(wrong);
			for (const at of [-301_000, 301_000, Number.NaN])
				expect(
					await failureOf(method, await signatureOf(method, { at })),
				).toMatch(/was signed (-?30\d{4}|NaN) ms ago/);
		});
	});

	test("rejects a webhook's request with other bytes", async () => {
		const bytes = new Uint8Array([1, 3]);
		const args = ["@a/b/c", { ...request, bytes }];
		const signature = await signatureOf("receive", { args });
		expect(await failureOf("receive", signature)).toMatch(/wrong signature/);
	});

	test("gets signed calls from the owner, for its handlers and its apps", async () => {
		const { workers, appWorkers } = portsOfOwner();
		const ports = recordingPorts({ workers });
		expect(await taken(record("order.placed"), ports)).toBe("ack");
		expect(ends(ports)).toEqual(["delivered mail/send", "delivered mail/log"]);
		const mail = appWorkers.find(({ worker }) => worker.key === "mail");
		expect(await mail?.apps()).toEqual([]);
		const error = vi.spyOn(console, "error").mockReturnValue();
		await expect(mail?.receive("@a/b/c", request)).rejects.toThrow();
		const { message } = JSON.parse(error.mock.calls[0]?.[0]).error;
		error.mockRestore();
		expect(message).toBe(ACCEPTED.receive);
	});

	test("accepts the old and the new secret while it has both, and signs with the first", async () => {
		const old = await signatureOf("handlers");
		const fresh = await signatureOf("handlers", { secret: NEXT });
		expect(await failureOf("handlers", fresh)).toMatch(/wrong signature/);
		for (const both of [`${NEXT}, ${SECRET}`, `${SECRET},${NEXT}\n`]) {
			setSecret(both);
			expect(await failureOf("handlers", old)).toBe("accepted");
			expect(await failureOf("handlers", fresh)).toBe("accepted");
		}
		const handlers = vi.spyOn(mailing, "handlers");
		await portsOfOwner().workers.all[1]?.routes();
		const [signature] = handlers.mock.calls[0] ?? [];
		setSecret(SECRET);
		expect(await failureOf("handlers", signature)).toBe("accepted");
	});

	test("does not start without its key, or with a secret that is too short", () => {
		const events = createEvents();
		expect(() => subscriber(events)).toThrow(
			/this Worker has TIDINGS_CALL_SECRET, but no key; use subscriber\(events, \{ key: "…" \}\)/,
		);
		expect(() => subscriber(events, { key: "mail" })).not.toThrow();
		expect(() => subscriber(events, { kee: "mail" } as never)).toThrow(
			/subscriber: unknown key "kee"; use key/,
		);
		for (const secret of ["", "short", `${SECRET},`, `${SECRET},short`]) {
			setSecret(secret);
			const says = /TIDINGS_CALL_SECRET has fewer than 32 characters/;
			expect(() => subscriber(events, { key: "mail" })).toThrow(says);
			expect(() => worker(createEvents())).toThrow(says);
		}
	});
});
