/** CloudEvents over HTTP: published in each mode, handled with their attributes, and read back. */
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { cloudEventInit, toCloudEvent } from "../../src/index.ts";
import { Keys } from "../../src/keys/keys-object.ts";
import { publishBatch } from "../../src/publish/publish.ts";
import { call, installKeys } from "../support/http.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => {
	behaviours.clear();
	vi.restoreAllMocks();
});

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const STRUCTURED = { "content-type": "application/cloudevents+json" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };
const RECEIPT = {
	id: expect.any(String),
	time: expect.any(Number),
	delay: 0,
};

const newEvent = (more: object = {}) => ({
	specversion: "1.0",
	id: crypto.randomUUID(),
	source: "/shop",
	type: "load.one",
	data: { n: 1 },
	...more,
});
const send = (body: unknown, headers: Record<string, string> = STRUCTURED) =>
	call("POST", "/v1/events", body, headers);

/** Headers of binary mode. */
function headersOf(attributes: object, contentType = "application/json") {
	const headers = Object.entries(attributes).flatMap(([name, value]) =>
		name === "data" ? [] : [[`ce-${name}`, String(value)]],
	);
	return { ...Object.fromEntries(headers), "content-type": contentType };
}

/**
 * Returns the next event that the handler of `load.one` receives, as a CloudEvent. A promise that the handler resolved
 * would belong to another request.
 */
function nextHandled() {
	const handled: object[] = [];
	behaviours.set("load", (event, { cloudEvent, traceparent }) => {
		const restored = toCloudEvent(event, { source: "?", ...cloudEvent });
		handled.push({ ...restored, ...(traceparent && { traceparent }) });
	});
	return () => vi.waitUntil(() => handled[0], 9_000);
}

describe("a CloudEvent is published with all of its attributes", () => {
	const time = "2027-01-14T09:30:00.000Z";
	const attributes = { subject: "Füße 100%", time, partitionkey: "k" };

	test("in structured mode", async () => {
		const handled = nextHandled();
		const event = newEvent({
			...attributes,
			sampled: true,
			traceparent: TRACE,
		});
		const { status, json } = await send(event);
		expect({ status, json }).toEqual({ status: 202, json: RECEIPT });
		expect(await handled()).toEqual({
			...event,
			datacontenttype: "application/json",
		});
	});

	test("in binary mode, as cloudEventInit sends it", async () => {
		const handled = nextHandled();
		const event = newEvent(attributes);
		const { headers, body } = cloudEventInit(event as never, "binary");
		expect((await send(body, headers)).status).toBe(202);
		expect(await handled()).toMatchObject(event);
	});

	test("in a batch, of which each has a receipt, and the trace of the request", async () => {
		const handled = nextHandled();
		const event = newEvent();
		const batch = [event, newEvent({ type: "nothing.listens" })];
		const headers = { ...BATCH, traceparent: TRACE };
		const { status, json } = await send(batch, headers);
		expect({ status, json }).toEqual({
			status: 202,
			json: { receipts: [RECEIPT, RECEIPT] },
		});
		expect(await handled()).toMatchObject({ ...event, traceparent: TRACE });
	});

	test("with text, or without content, in binary mode", async () => {
		const { data: _, ...head } = newEvent();
		const text = nextHandled();
		await send("[[a, b", headersOf(head, "text/plain; charset=UTF-8"));
		expect(await text()).toMatchObject({
			data: "[[a, b",
			datacontenttype: "text/plain; charset=UTF-8",
		});
		const nothing = nextHandled();
		await send("", headersOf({ ...head, id: crypto.randomUUID() }));
		expect(await nothing()).not.toHaveProperty("data");
	});
});

test("a CloudEvent with the source and the id of an earlier one gets its receipt, in any mode", async () => {
	const event = newEvent({ type: "nothing.listens" });
	const { json: first } = await send(event);
	const { headers, body } = cloudEventInit(event as never, "binary");
	expect((await send(body, headers)).json).toEqual(first);
	const { json: batch } = await send([event, newEvent()], BATCH);
	expect(batch.receipts[0]).toEqual(first);
	const other = await send({ ...event, source: "/other" });
	expect(other.json.id).not.toBe(first.id);
	expect(await send({ ...event, data: 2 })).toMatchObject({
		status: 422,
		json: { code: "idempotency_conflict" },
	});
});

const { data: _, ...head } = newEvent({ type: "order.placed" });

test.each<[string, unknown, Record<string, string>, number, string, string]>([
	[
		"another version",
		{ ...head, specversion: "0.3" },
		STRUCTURED,
		400,
		"invalid_request",
		"0.3",
	],
	[
		"a name that is none",
		{ ...head, type: "a/b" },
		STRUCTURED,
		422,
		"invalid_name",
		'type: "a/b"',
	],
	[
		"JSON that does not parse",
		"{",
		STRUCTURED,
		400,
		"invalid_json",
		"not JSON",
	],
	[
		"another format",
		"x",
		{ "content-type": "application/cloudevents+avro" },
		415,
		"unsupported_media_type",
		"application/cloudevents+json",
	],
	["one event as a batch", head, BATCH, 400, "invalid_request", "array"],
	["an empty batch", [], BATCH, 400, "invalid_request", "no events"],
	[
		"a batch as one event",
		[head],
		STRUCTURED,
		400,
		"invalid_request",
		"object",
	],
	[
		"binary data",
		"x",
		headersOf(head, "image/png"),
		415,
		"unsupported_media_type",
		"image/png",
	],
	[
		"text in another charset",
		"x",
		headersOf(head, "text/plain; charset=latin1"),
		415,
		"unsupported_media_type",
		"UTF-8",
	],
	[
		"a part of the headers",
		{ n: 1 },
		{ "ce-id": "e1", "ce-type": "a.b" },
		400,
		"invalid_request",
		"specversion is missing",
	],
	[
		"an Idempotency-Key",
		head,
		{ ...STRUCTURED, "idempotency-key": "k" },
		400,
		"invalid_request",
		"leave the header out",
	],
	[
		"a name that the key may not publish",
		{ ...head, type: "user.left" },
		{ ...STRUCTURED, key: "orders" },
		403,
		"forbidden",
		"user.left",
	],
	[
		"a body that breaks its schema",
		{ ...head, type: "user.joined", data: {} },
		STRUCTURED,
		422,
		"schema_violation",
		"userId",
	],
	[
		"a large event",
		{ ...head, data: "x".repeat(262_144) },
		STRUCTURED,
		413,
		"event_too_large",
		"262144",
	],
])("%s is refused", async (_, body, headers, status, code, detail) => {
	const answer = await send(body, headers);
	expect(answer).toMatchObject({ status, json: { status, code } });
	expect(answer.json.detail).toContain(detail);
});

test("the error of a batch has the index of the event", async () => {
	const batch = [newEvent(), newEvent({ type: "a b" })];
	expect(await send(batch, BATCH)).toMatchObject({
		status: 422,
		json: { code: "invalid_name", index: 1 },
	});
	const twice = newEvent();
	expect((await send([twice, twice], BATCH)).json).toMatchObject({
		code: "invalid_request",
		index: 1,
		detail: expect.stringContaining("its source with its id"),
	});
});

test("a batch of 1 000 keys makes one call for each of the 8 objects, before and after", async () => {
	const reserve = vi.spyOn(Keys.prototype, "reserve");
	const confirm = vi.spyOn(Keys.prototype, "confirm");
	const ports = recordingPorts();
	const batch = Array.from({ length: 1_000 }, () => ({
		name: "order.placed",
		body: 1,
		idempotencyKey: crypto.randomUUID(),
	}));
	const receipts = await publishBatch(batch, ports);
	expect(reserve).toHaveBeenCalledTimes(8);
	expect(confirm).toHaveBeenCalledTimes(8);
	expect(await publishBatch(batch, ports)).toEqual(receipts);
	expect(reserve).toHaveBeenCalledTimes(16);
	expect(confirm).toHaveBeenCalledTimes(8);
	expect(ports.recorded.events).toHaveLength(1_000);
});

test("an object that does not answer refuses its keys, and gives the others back", async () => {
	const ports = recordingPorts();
	const batch = Array.from({ length: 100 }, () => ({
		name: "order.placed",
		body: 1,
		idempotencyKey: crypto.randomUUID(),
	}));
	const reserve = vi.spyOn(Keys.prototype, "reserve");
	const release = vi.spyOn(Keys.prototype, "release");
	reserve.mockRejectedValueOnce(new Error("it restarts"));
	await expect(publishBatch(batch, ports)).rejects.toMatchObject({
		code: "unavailable",
	});
	expect(release).toHaveBeenCalledTimes(7);
	expect(ports.recorded.events).toHaveLength(0);
	expect(await publishBatch(batch, ports)).toHaveLength(100);
});

test("a dead letter, and an event in the journal, are read as the CloudEvent that was published", async () => {
	behaviours.set("never", () => {
		throw new Error("it fails");
	});
	const event = newEvent({ type: "never.again", subject: "o1" });
	const { json: receipt } = await send(event);
	const cloudEvent = {
		...event,
		datacontenttype: "application/json",
		time: new Date(receipt.time).toISOString(),
	};
	const accept = "application/cloudevents+json";
	for (const path of [
		`/v1/dead-letters/${receipt.id}:never`,
		`/v1/events/${receipt.id}`,
	]) {
		const read = await vi.waitFor(async () => {
			const answer = await call("GET", path, undefined, { accept });
			expect(answer.status).toBe(200);
			return answer;
		}, 9_000);
		expect(read.headers.get("content-type")).toBe(accept);
		expect(read.json).toEqual(cloudEvent);
	}
});

test("an event whose body the journal has not recorded has no CloudEvent", async () => {
	const handled = nextHandled();
	const { json } = await send(newEvent());
	await handled();
	const path = `/v1/events/${json.id}`;
	await vi.waitFor(async () => {
		expect((await call("GET", path)).status).toBe(200);
	}, 9_000);
	const accept = "application/cloudevents+json";
	const answer = await call("GET", path, undefined, { accept });
	expect(answer).toMatchObject({ status: 404, json: { code: "not_found" } });
	expect(answer.json.detail).toContain("is not stored");
});
