import { describe, expect, test, vi } from "vitest";
import { encodeEvent } from "../../src/event/encode.ts";
import { decode, type ReceivedEvent } from "../../src/event/envelope.ts";
import { PAYLOAD_RETENTION, QUEUE_WAIT } from "../../src/event/limits.ts";
import { extendBody, loadRecord } from "../../src/payloads/payloads.ts";
import type { PayloadStore } from "../../src/ports.ts";

const NOW = 1_000_000;
const head = { id: "e1", name: "order.placed", time: 1_000, delay: 0 };

const received = (record: string) => decode(record) as ReceivedEvent;
const inline = received(encodeEvent(head, { text: '{"n":1}' }));
const delivery = { handler: "send" };
const referring = received(encodeEvent(head, { reference: "key" }));

/** A store with these bodies. */
const storeOf = (texts: Record<string, string> = {}): PayloadStore => ({
	put: async () => {},
	get: async (key) => texts[key] ?? null,
	extend: async () => false,
	delete: async () => false,
});

async function down(): Promise<never> {
	throw new Error("the object is down");
}

describe("a record is loaded", () => {
	test.for([
		["from its message", inline],
		["with the body that it refers to", referring],
	] as const)("%s", async ([, event]) => {
		const payloads = storeOf({ key: '{"n":1}' });
		const record = await loadRecord(event, payloads);
		expect(JSON.parse(record ?? "")).toEqual({ v: 1, ...head, body: { n: 1 } });
	});

	test("not if its body has expired, but if its body is null", async () => {
		const expired = await loadRecord(referring, storeOf());
		expect(expired).toBeUndefined();
		const payloads = storeOf({ key: "null" });
		const record = await loadRecord(referring, payloads);
		expect(JSON.parse(record ?? "").body).toBeNull();
	});

	test("not if its body cannot be read now: that is thrown", async () => {
		const payloads = { ...storeOf(), get: down };
		await expect(loadRecord(referring, payloads)).rejects.toThrow("down");
	});
});

describe("a body by reference", () => {
	const clock = () => NOW;
	const broken = { ...storeOf(), extend: down };

	test("is stored until 30 days after the next attempt, counted from that attempt", async () => {
		const extend = vi.fn(async () => true);
		const payloads = { ...storeOf(), extend };
		await extendBody(inline, delivery, 5_000, { payloads, clock });
		expect(extend).not.toHaveBeenCalled();
		await extendBody(referring, delivery, 5_000, { payloads, clock });
		expect(extend.mock.calls).toEqual([
			["key", NOW + 5_000 + PAYLOAD_RETENTION],
		]);
	});

	test("that cannot be extended is logged before a wait of up to 12 hours", async () => {
		const error = vi.spyOn(console, "error").mockImplementation(() => {});
		await extendBody(referring, delivery, QUEUE_WAIT, {
			payloads: broken,
			clock,
		});
		expect(error.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
			{
				tidings: "body_extension_failed",
				event: "e1",
				handler: "send",
				reference: "key",
			},
		]);
		error.mockRestore();
	});

	test("that cannot be extended rejects a longer wait, after which it could have expired", async () => {
		await expect(
			extendBody(referring, delivery, QUEUE_WAIT + 1, {
				payloads: broken,
				clock,
			}),
		).rejects.toThrow("the object is down");
	});
});
