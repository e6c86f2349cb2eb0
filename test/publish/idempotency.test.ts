/** Idempotency keys and tags at every entry point, on real queues and objects. */
import { env, tracing } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { createClient, type PublisherBinding } from "../../src/client.ts";
import { publish, publishBatch } from "../../src/publish/publish.ts";
import { call, installKeys } from "../support/http.ts";
import { read } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => behaviours.clear());

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const key = () => crypto.randomUUID();

test("a repeated publish returns the first receipt and publishes nothing", async () => {
	const ports = recordingPorts();
	const request = { name: "order.placed", body: 1, idempotencyKey: key() };
	const first = await publish(request, ports);
	expect(await publish(request, ports)).toEqual(first);
	expect(ports.recorded.events.map((one) => read(one).id)).toEqual([first.id]);
});

test("two publishes of one key at once are one event with two equal receipts", async () => {
	for (let n = 0; n < 50; n++) {
		const ports = recordingPorts();
		const request = { name: "order.placed", body: n, idempotencyKey: key() };
		const [one, two] = await Promise.all([
			publish(request, ports),
			publish(request, ports),
		]);
		expect(one).toEqual(two);
		expect(ports.recorded.events).toHaveLength(1);
	}
});

test("a publish that failed is repeated under the same id", async () => {
	const ports = recordingPorts();
	const request = { name: "order.placed", body: 1, idempotencyKey: key() };
	const sent: string[] = [];
	const send = vi.fn(async (record: string) => {
		sent.push(read(record).id);
		if (sent.length === 1) throw new Error("Queue is overloaded");
	});
	ports.eventsQueue.send = send;
	await expect(publish(request, ports)).rejects.toThrow();
	const { id } = await publish(request, ports);
	expect(sent).toEqual([id, id]);
});

test("a key that was used for another body, time, name or tag is refused", async () => {
	const ports = recordingPorts();
	const request = { name: "order.placed", body: 1, idempotencyKey: key() };
	await publish(request, ports);
	for (const change of [
		{ body: 2 },
		{ name: "order.paid" },
		{ after: "1 day" },
		{ tags: { customer: "c1" } },
	])
		await expect(
			publish({ ...request, ...change }, ports),
		).rejects.toMatchObject({ code: "idempotency_conflict" });
	// Keys of other publishers are others.
	await publish({ ...request, body: 2, by: "storefront" }, ports);
	expect(ports.recorded.events).toHaveLength(2);
});

test("a batch publishes what is new, and returns the receipts of what is not", async () => {
	const ports = recordingPorts();
	const [old, fresh] = [key(), key()];
	const item = { name: "order.placed", body: 1 };
	const first = await publish({ ...item, idempotencyKey: old }, ports);
	const batch = [
		{ ...item, idempotencyKey: fresh },
		{ ...item, idempotencyKey: old },
		item,
	];
	const receipts = await publishBatch(batch, ports);
	expect(receipts[1]).toEqual(first);
	expect(ports.recorded.events).toHaveLength(3);
	const again = await publishBatch(batch, ports);
	expect(again.slice(0, 2)).toEqual(receipts.slice(0, 2));
	expect(ports.recorded.events).toHaveLength(4);
});

test("a batch with a refused key publishes nothing, and gives its other keys back", async () => {
	const ports = recordingPorts();
	const [used, other] = [key(), key()];
	const item = { name: "order.placed", body: 1 };
	await publish({ ...item, idempotencyKey: used }, ports);
	const refused = publishBatch(
		[
			{ ...item, idempotencyKey: other },
			{ ...item, body: 2, idempotencyKey: used },
		],
		ports,
	);
	await expect(refused).rejects.toMatchObject({
		code: "idempotency_conflict",
		index: 1,
	});
	await publish({ ...item, idempotencyKey: other }, ports);
	const twice = publishBatch(
		[
			{ ...item, idempotencyKey: "a" },
			{ ...item, idempotencyKey: "a" },
		],
		ports,
	);
	await expect(twice).rejects.toMatchObject({
		code: "invalid_request",
		index: 1,
	});
	expect(ports.recorded.events).toHaveLength(2);
});

test("a batch confirms the keys of stored events before it releases those of others: a crash in between repeats none", async () => {
	const ports = recordingPorts();
	ports.scheduler.store = () => Promise.reject(new Error("the shard is down"));
	const { keys } = ports;
	const calls: string[] = [];
	const recorded = {
		...keys,
		confirm: async (published: Parameters<typeof keys.confirm>[0]) => {
			calls.push(`confirm ${published.length}`);
			await keys.confirm(published);
		},
		release: async (released: readonly string[]) => {
			calls.push(`release ${released.length}`);
			await keys.release(released);
		},
	};
	const item = { name: "order.placed", body: 1 };
	const batch = [
		{ ...item, idempotencyKey: key() },
		{ ...item, after: "1 day", idempotencyKey: key() },
	];
	const publishing = publishBatch(batch, { ...ports, keys: recorded });
	await expect(publishing).rejects.toMatchObject({ code: "partial_publish" });
	expect(calls).toEqual(["confirm 1", "release 1"]);
});

test("a key that cannot be confirmed or released is logged with its event", async () => {
	const log = vi.spyOn(console, "error").mockImplementation(() => {});
	const down = () => Promise.reject(new Error("the object is down"));
	const ports = recordingPorts();
	const keys = { ...ports.keys, confirm: down, release: down };
	const request = { name: "order.placed", body: 1, idempotencyKey: key() };
	const { id } = await publish(request, { ...ports, keys });
	ports.queues.events = () => ({ send: down, sendBatch: down });
	const other = { ...request, idempotencyKey: key() };
	await expect(publish(other, { ...ports, keys })).rejects.toThrow("down");
	const lines = log.mock.calls.map(([line]) => JSON.parse(line));
	expect(lines).toMatchObject([
		{ tidings: "key_not_confirmed", event: id, count: 1 },
		{ tidings: "key_not_released", event: expect.any(String), count: 1 },
	]);
	log.mockRestore();
});

test("a key is the member of the content or the header, with or without quotes", async () => {
	const event = { name: "nothing.listens", body: 1 };
	const [one, two] = [key(), key()];
	const publishWith = async (headers: Record<string, string>, body: object) =>
		(await call("POST", "/v1/events", body, headers)).json.id;
	const id = await publishWith({ "idempotency-key": `"${one}"` }, event);
	expect(await publishWith({ "idempotency-key": one }, event)).toBe(id);
	expect(await publishWith({}, { ...event, idempotencyKey: one })).toBe(id);
	expect(await publishWith({ "idempotency-key": two }, event)).not.toBe(id);
	const other = await call(
		"POST",
		"/v1/events",
		{ ...event, body: 2 },
		{ "idempotency-key": one },
	);
	expect(other).toMatchObject({
		status: 422,
		json: { code: "idempotency_conflict" },
	});
	// The key of another API key is another one.
	const publishing = await call("POST", "/v1/events", event, {
		"idempotency-key": one,
		key: "publish",
	});
	expect(publishing.json.id).not.toBe(id);
});

test.each([
	["", "idempotencyKey"],
	["x".repeat(256), "idempotencyKey"],
	[7, "idempotencyKey"],
])("the key %j is refused", async (idempotencyKey, name) => {
	const request = { name: "order.placed", body: 1, idempotencyKey };
	await expect(publish(request, recordingPorts())).rejects.toMatchObject({
		code: "invalid_request",
		message: expect.stringContaining(name),
	});
});

test("tags and the trace reach the handler and the journal, from every entry point", async () => {
	const seen: unknown[] = [];
	behaviours.set("load", (_, { tags, traceparent }) => {
		seen.push({ tags, traceparent });
	});
	const tags = { customer: "c42", total: 12, isNew: true, none: undefined };
	const { ANYBODY } = env as unknown as { ANYBODY: PublisherBinding };
	const body = null;
	const options = { tags, traceparent: TRACE };
	const over = createClient(ANYBODY);
	const json = { name: "load.one", body, tags: { customer: "c42" } };
	const receipts = [
		await events.publish("load.one", options, body),
		await over.publish("load.one", options, body),
		(await call("POST", "/v1/events", json, { traceparent: TRACE })).json,
	];
	await vi.waitFor(() => expect(seen).toHaveLength(receipts.length), 9_000);
	const all = { customer: "c42", total: "12", isNew: "true" };
	expect(seen[0]).toEqual({ tags: all, traceparent: TRACE });
	expect(seen.at(-1)).toEqual({
		tags: { customer: "c42" },
		traceparent: TRACE,
	});
	await vi.waitFor(async () => {
		const path = `/v1/events/${receipts[0]?.id}`;
		expect((await call("GET", path)).json).toMatchObject({
			tags: all,
			trace: TRACE,
		});
	}, 9_000);
	const q = encodeURIComponent("tag.customer:c42 tag.total:12 since:5m");
	const listed = (await call("GET", `/v1/events?q=${q}`)).json.events;
	expect(listed.map(({ id }: { id: string }) => id)).toContain(receipts[0]?.id);
});

test.each([
	[{ tags: { "1a": "x" } }, 'tags: "1a" is not a key'],
	[{ tags: { a: "" } }, 'tags.a: "" is not a value'],
	[{ tags: { a: "x".repeat(65) } }, "give a text of 1 to 64 characters"],
	[{ tags: { a: {} } }, "tags.a: {} is not a value"],
	[{ tags: "a" }, 'tags: expected an object, got "a"'],
	[
		{ tags: Object.fromEntries([..."abcdefghi"].map((one) => [one, 1])) },
		"tags: 9 tags; give at most 8",
	],
	[{ traceparent: "00-1-2-01" }, 'traceparent: "00-1-2-01" is not a trace'],
])("with %j the event is refused", async (options, message) => {
	const request = { name: "order.placed", body: 1, ...options };
	await expect(publish(request, recordingPorts())).rejects.toMatchObject({
		code: "invalid_request",
		message: expect.stringContaining(message),
	});
});

test("an event without a trace gets that of the active span, if the request is traced", async () => {
	const ports = recordingPorts();
	const [, traceId = "", spanId = ""] = TRACE.split("-");
	const span = {
		isTraced: true,
		spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
	};
	const active = vi.spyOn(tracing, "getActiveSpan");
	const request = { name: "order.placed", body: 1 };
	const traceparent = TRACE.replace("4bf9", "0000");
	await publish(request, ports);
	active.mockReturnValue(span as never);
	await publish(request, ports);
	await publishBatch([request, { ...request, traceparent }], ports);
	active.mockReturnValue({ ...span, isTraced: false } as never);
	await publish(request, ports);
	const traces = ports.recorded.events.map((record) => read(record).trace);
	expect(traces).toEqual([undefined, TRACE, TRACE, traceparent, undefined]);
	active.mockRestore();
});

test("a header traceparent is that of each event of a batch without one", async () => {
	const seen = new Set<unknown>();
	behaviours.set("load", ({ body }, { traceparent }) => {
		seen.add(`${body} ${traceparent}`);
	});
	const own = TRACE.replace("4bf9", "0000");
	const batch = [
		{ name: "load.one", body: 1 },
		{ name: "load.one", body: 2, traceparent: own },
	];
	await call("POST", "/v1/events", batch, { traceparent: TRACE });
	await vi.waitFor(
		() => expect(seen).toEqual(new Set([`1 ${TRACE}`, `2 ${own}`])),
		9_000,
	);
});

test("a header traceparent that is not valid is ignored", async () => {
	const { status } = await call(
		"POST",
		"/v1/events",
		{ name: "order.placed" },
		{ traceparent: "nonsense" },
	);
	expect(status).toBe(202);
});

test("a definition's tags come from the body, and those of the call replace them", async () => {
	const ports = recordingPorts();
	const { event } = await import("../../src/index.ts");
	const z = await import("zod");
	const Paid = event("order.paid", z.object({ customer: z.string() }), {
		tags: ({ customer }) => ({ customer, kind: "order" }),
	});
	const body = { customer: "c7" };
	const request = { name: "order.paid", body, definition: Paid };
	await publish({ ...request, tags: { kind: "special" } }, ports);
	expect(read(ports.recorded.events[0] ?? "").tags).toEqual({
		customer: "c7",
		kind: "special",
	});
	const broken = { ...Paid, tags: () => (null as unknown as string).length };
	await expect(
		publish({ ...request, definition: broken as never }, ports),
	).rejects.toThrow('tags of "order.paid": the function failed');
});
