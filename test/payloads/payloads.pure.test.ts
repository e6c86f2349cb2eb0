import { describe, expect, test, vi } from "vitest";
import { encodeEvent } from "../../src/event/encode.ts";
import { decode, type ReceivedEvent } from "../../src/event/envelope.ts";
import { PAYLOAD_KEPT, QUEUE_WAIT } from "../../src/event/limits.ts";
import { extendBody, loadRecord } from "../../src/payloads/payloads.ts";

const NOW = 1_000_000;
const head = { id: "e1", name: "order.placed", time: 1_000, delay: 0 };

const readable = (record: string) => decode(record) as ReceivedEvent;
const inline = readable(encodeEvent(head, { text: '{"n":1}' }));
const referring = readable(encodeEvent(head, { reference: "kept here" }));

const payloads = (texts: Record<string, string> = {}) => ({
	get: async (key: string) => texts[key] ?? null,
});

describe("a record is made whole", () => {
	test.for([
		["as it came, with the body in it", inline],
		["with the body that it refers to", referring],
	] as const)("%s", async ([, event]) => {
		const record = await loadRecord(event, {
			payloads: payloads({ "kept here": '{"n":1}' }),
		});
		expect(JSON.parse(record ?? "")).toEqual({ v: 1, ...head, body: { n: 1 } });
	});

	test("never when the body is gone, but when it is null", async () => {
		const gone = await loadRecord(referring, { payloads: payloads() });
		expect(gone).toBeUndefined();
		const kept = payloads({ "kept here": "null" });
		const record = await loadRecord(referring, { payloads: kept });
		expect(JSON.parse(record ?? "").body).toBeNull();
	});
});

describe("a body that travels by reference", () => {
	const clock = () => NOW;
	const down = {
		keep: vi.fn(async () => {
			throw new Error("the object is down");
		}),
	};

	test("is kept for 30 days past the next attempt; one in its record needs nothing", async () => {
		const keep = vi.fn(async () => {});
		await extendBody(inline, 5_000, { payloads: { keep }, clock });
		expect(keep).not.toHaveBeenCalled();
		await extendBody(referring, 5_000, { payloads: { keep }, clock });
		expect(keep.mock.calls).toEqual([
			["kept here", NOW + 5_000 + PAYLOAD_KEPT],
		]);
	});

	test("and cannot be kept longer shortens no wait in a queue, and that is logged", async () => {
		const error = vi.spyOn(console, "error").mockImplementation(() => {});
		await extendBody(referring, QUEUE_WAIT, { payloads: down, clock });
		expect(error.mock.calls).toEqual([
			["tidings: the body kept here was not kept longer", expect.any(Error)],
		]);
		error.mockRestore();
	});

	test("and cannot be kept longer begins no wait after which it may be gone", async () => {
		await expect(
			extendBody(referring, QUEUE_WAIT + 1, { payloads: down, clock }),
		).rejects.toThrow("the object is down");
	});
});
