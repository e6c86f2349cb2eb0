/** A body that does not fit a message is stored by reference, up to 256 KB. Users do not notice. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { eventBytes } from "../../src/event/encode.ts";
import { PAYLOAD_RETENTION } from "../../src/event/limits.ts";
import type { Payloads } from "../../src/payloads/payloads-object.ts";
import { publish, publishBatch } from "../../src/publish/publish.ts";
import { rescheduleRow } from "../../src/schedule/schedule.ts";
import { call, installKeys } from "../support/http.ts";
import { incoming, read } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours, events } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => behaviours.clear());

const wait = { timeout: 10_000, interval: 10 };
const KB = 1_024;

/** A body that makes an event of exactly this many bytes. */
function bodyOf(bytes: number, name: string, fill = "x"): string {
	const head = { id: "0".repeat(36), name, time: Date.now(), delay: 0 };
	const rest = bytes - eventBytes(head, JSON.stringify(""));
	const unit = new TextEncoder().encode(JSON.stringify(fill)).length - 2;
	return fill.repeat(Math.floor(rest / unit)) + "x".repeat(rest % unit);
}

describe.each(["x", "ä", "😀", "\n", "\ud800"])("filled with %j", (fill) => {
	test.each([1, 108, 109, 110, 112, 127, 128, 129, 255])(
		"an event of %i KB arrives as it was published",
		async (kb) => {
			const seen = vi.fn();
			behaviours.set("load", ({ body }) => seen(body));
			const body = bodyOf(kb * KB, "load.one", fill);
			await events.publish("load.one", body);
			await vi.waitFor(() => expect(seen).toHaveBeenCalled(), wait);
			expect(seen.mock.calls[0]?.[0] === body).toBe(true);
		},
	);

	test("an event of 262 143 bytes is accepted, one of 262 144 is not", async () => {
		const ports = recordingPorts();
		const publishing = (bytes: number) =>
			publish(
				{ name: "load.one", body: bodyOf(bytes, "load.one", fill) },
				ports,
			);
		await expect(publishing(256 * KB - 1)).resolves.toMatchObject({ delay: 0 });
		await expect(publishing(256 * KB)).rejects.toMatchObject({
			code: "event_too_large",
		});
	});
});

test("a large event is retried, buried with its whole body, and replayed", async () => {
	const body = bodyOf(200 * KB, "load.one");
	behaviours.set("load", () => {
		throw new Error("no");
	});
	const { id } = await events.publish("load.one", body);
	const path = `/v1/dead-letters/${id}:load`;
	await vi.waitFor(
		async () => expect((await call("GET", path)).status).toBe(200),
		wait,
	);
	const { json } = await call("GET", path);
	expect(json).toMatchObject({ cause: "exhausted", attempts: 2 });
	expect(json.event.body === body).toBe(true);

	const seen = vi.fn();
	behaviours.set("load", (event) => seen(event.body));
	await call("POST", `${path}/replay`);
	await vi.waitFor(() => expect(seen).toHaveBeenCalled(), wait);
	expect(seen.mock.calls[0]?.[0] === body).toBe(true);
});

test("a large event is scheduled, rescheduled and delivered", async () => {
	const seen = vi.fn();
	behaviours.set("load", ({ body }) => seen(body));
	const body = bodyOf(130 * KB, "load.one");
	const { id } = await events.publish("load.one", { after: "1 hour" }, body);
	await events.reschedule(id, 50);
	await vi.waitFor(() => expect(seen).toHaveBeenCalled(), wait);
	expect(seen.mock.calls[0]?.[0] === body).toBe(true);
});

test("a batch of large and small events is sent within a queue's limits", async () => {
	const ports = recordingPorts();
	const batches: string[][] = [];
	ports.eventsQueue.sendBatch = async (records) =>
		void batches.push([...records]);
	const items = [1, 50, 100, 108, 130, 200, 105, 105].map((kb) => ({
		name: "load.one",
		body: bodyOf(kb * KB, "load.one"),
	}));
	await publishBatch(items, ports);
	expect(batches.flat()).toHaveLength(items.length);
	for (const batch of batches) {
		const sizes = batch.map(
			(record) => new TextEncoder().encode(record).length + 100,
		);
		expect(Math.max(...sizes)).toBeLessThanOrEqual(128_000);
		expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(256_000);
	}
	expect(ports.recorded.payloads.size).toBe(2);
});

describe("a body by reference", () => {
	const large = { name: "ampt.like", body: "x".repeat(150 * KB) };

	test("is stored until 30 days after the due time of its event, and after each new due time", async () => {
		const ports = recordingPorts({ clock: () => 1_000_000 });
		const { id, delay } = await publish({ ...large, after: "10 days" }, ports);
		expect(ports.recorded.payloads.get(id)?.until).toBe(
			1_000_000 + delay + PAYLOAD_RETENTION,
		);
		const scheduled = { id, name: large.name, time: 0, delay, dueAt: 0 };
		const found = { ...scheduled, reference: id };
		const rows = { find: () => found, reschedule: () => found };
		const later = 1_000_000 + 100 * 86_400_000;
		await rescheduleRow(id, later, "all", rows, ports.payloads);
		expect(ports.recorded.payloads.get(id)?.until).toBe(
			later + PAYLOAD_RETENTION,
		);
	});

	test("is stored until 30 days after each retry, and no outcome deletes it", async () => {
		let now = 1_000_000;
		const ports = recordingPorts({ clock: () => now });
		const { id } = await publish(large, ports);
		behaviours.set("ampt", () => {
			throw new Error("no");
		});
		now += 86_400_000;
		await consume([incoming(ports.recorded.events[0])], "events", ports);
		expect(ports.recorded.payloads.get(id)?.until).toBe(
			now + 360_000 + PAYLOAD_RETENTION,
		);
		expect(read(ports.recorded.retries[0]?.record ?? "")).toMatchObject({
			reference: id,
		});
		behaviours.clear();
		await consume(
			[incoming(ports.recorded.retries[0]?.record)],
			"retries",
			ports,
		);
		expect(ports.recorded.transitions.at(-1)).toMatchObject({
			type: "delivered",
		});
		expect(ports.recorded.payloads.has(id)).toBe(true);
	});

	test("is not stored if its alarm cannot be set, and put rejects", async () => {
		const { Payloads } = exports as unknown as {
			Payloads: DurableObjectNamespace<Payloads>;
		};
		const stub = Payloads.getByName("without-an-alarm");
		await runInDurableObject(stub, async (object: Payloads, { storage }) => {
			const setAlarm = vi.spyOn(storage, "setAlarm");
			setAlarm.mockRejectedValue(new Error("storage failed"));
			await expect(object.put("text", Date.now() + 1_000)).rejects.toThrow();
			setAlarm.mockRestore();
			expect(await object.get()).toBeNull();
			expect(await storage.getAlarm()).toBeNull();
		});
	});

	test("is deleted when its time is over, not before, and no extension shortens that time", async () => {
		const { Payloads: namespace } = exports as unknown as {
			Payloads: DurableObjectNamespace<Payloads>;
		};
		const stub = namespace.getByName("stored-for-a-while");
		const alarmAt = () =>
			runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
		const now = Date.now();
		await stub.put("text", now + 60_000);
		for (const later of [-60_000, 10, 60_000 + 86_399_999]) {
			await stub.extend(now + later);
			expect(await alarmAt()).toBe(now + 60_000);
		}
		await runDurableObjectAlarm(stub);
		expect(await stub.get()).toBe("text");
		await stub.extend(now + 5 * 86_400_000);
		expect(await alarmAt()).toBe(now + 5 * 86_400_000);
		vi.useFakeTimers({ toFake: ["Date"], now: now + 6 * 86_400_000 });
		await runDurableObjectAlarm(stub);
		vi.useRealTimers();
		expect(await stub.get()).toBeNull();
	});
});
