import { describe, expect, test } from "vitest";
import { eventBytes } from "../../src/event/encode.ts";
import { decode } from "../../src/event/envelope.ts";
import { shardOf } from "../../src/event/id.ts";
import { PAYLOAD_RETENTION } from "../../src/event/limits.ts";
import { publish, publishBatch } from "../../src/publish/publish.ts";
import { down, recordingPorts, type TestPorts } from "../support/ports.ts";

const small = { name: "order.placed", body: 1 };
const large = { name: "order.placed", body: "x".repeat(150_000) };
const HOUR = 3_600_000;
const later = { after: HOUR };

/** A port whose calls resolve when the test says so. */
function pending() {
	const calls: unknown[] = [];
	const { promise, resolve } = Promise.withResolvers<void>();
	return {
		calls,
		resolve,
		call: (...args: unknown[]) => {
			calls.push(args[0]);
			return promise;
		},
	};
}

/** Returns whether a promise is settled after all I/O that is due now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
	let settled = false;
	const settle = () => {
		settled = true;
	};
	promise.then(settle, settle);
	await new Promise((resolve) => setTimeout(resolve, 5));
	return settled;
}

describe("publish", () => {
	test("resolves only after the queue has stored the event", async () => {
		const queue = pending();
		const ports = recordingPorts();
		ports.eventsQueue.send = queue.call;
		const published = publish(small, ports);
		expect(await isSettled(published)).toBe(false);
		expect(queue.calls).toHaveLength(1);
		expect(ports.recorded.transitions).toEqual([]);
		queue.resolve();
		const { id } = await published;
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "published", id },
		]);
	});

	test("resolves only after the scheduler has stored the event", async () => {
		const scheduler = pending();
		const ports = recordingPorts();
		ports.scheduler.store = scheduler.call;
		const published = publish({ ...small, ...later }, ports);
		expect(await isSettled(published)).toBe(false);
		expect(scheduler.calls).toHaveLength(1);
		scheduler.resolve();
		await expect(published).resolves.toMatchObject({ delay: HOUR });
	});

	test("rejects if the queue or the scheduler rejects", async () => {
		const ports = recordingPorts();
		ports.eventsQueue.send = down;
		ports.scheduler.store = down;
		for (const request of [small, { ...small, ...later }]) {
			const published = async () => void (await publish(request, ports));
			await expect(published()).rejects.toThrow("overloaded");
		}
		expect(ports.recorded.transitions).toEqual([]);
	});

	test("checks the body by its schema", async () => {
		const ports = recordingPorts();
		const rejected = async () =>
			void (await publish({ name: "user.joined", body: { userId: 5 } }, ports));
		await expect(rejected()).rejects.toMatchObject({
			code: "schema_violation",
		});
		expect(ports.recorded.events).toEqual([]);
	});
});

describe("a large body", () => {
	test.each([
		["publish", async (ports: TestPorts) => publish(large, ports)],
		[
			"publishBatch",
			async (ports: TestPorts) => publishBatch([small, large], ports),
		],
	])(
		"of %s is stored before the record that refers to it is sent",
		async (_, act) => {
			const payloads = pending();
			const ports = recordingPorts();
			ports.payloads.put = payloads.call;
			const published = act(ports);
			expect(await isSettled(published)).toBe(false);
			expect(payloads.calls).toHaveLength(1);
			expect(ports.recorded.events).toEqual([]);
			payloads.resolve();
			await published;
			expect(decode(ports.recorded.events.at(-1))).toMatchObject({
				kind: "envelope",
				envelope: { reference: payloads.calls[0] },
			});
		},
	);

	test("is retained for 30 days from the due time of its event, not from its publish", async () => {
		const ports = recordingPorts();
		const now = await publish(large, ports);
		const due = await publish({ ...large, ...later }, ports);
		const retained = ({ id, time }: typeof now) =>
			(ports.recorded.payloads.get(id)?.until ?? 0) - time;
		expect(retained(now)).toBe(PAYLOAD_RETENTION);
		expect(retained(due)).toBe(HOUR + PAYLOAD_RETENTION);
		expect(ports.recorded.rows).toMatchObject([{ reference: due.id }]);
	});
});

describe("a batch", () => {
	test("gives no receipt for an event that was not stored", async () => {
		const ports = recordingPorts();
		ports.scheduler.store = down;
		const batch = [small, { ...small, ...later }, small];
		const published = async () => void (await publishBatch(batch, ports));
		await expect(published()).rejects.toMatchObject({
			code: "partial_publish",
			failed: [1],
			receipts: [{ delay: 0 }, null, { delay: 0 }],
			cause: expect.objectContaining({ message: "Queue is overloaded" }),
		});
		expect(ports.recorded.transitions).toHaveLength(2);
	});

	test("sends scheduled events to the shards of their ids, in one call for each shard", async () => {
		const ports = recordingPorts();
		const calls: Set<unknown>[] = [];
		ports.scheduler.store = async (rows) =>
			void calls.push(new Set(rows.map(({ id }) => shardOf(id))));
		await publishBatch(Array(100).fill({ ...small, ...later }), ports);
		expect(calls.map((shards) => shards.size)).toEqual(calls.map(() => 1));
		expect(new Set(calls.flatMap((shards) => [...shards])).size).toBe(
			calls.length,
		);
		expect(calls.length).toBeGreaterThan(1);
	});

	test("is rejected with the index of its first invalid event, by schema or not, and nothing is stored", async () => {
		const ports = recordingPorts();
		const noUser = { name: "user.joined", body: { userId: 5 } };
		for (const [batch, index, code] of [
			[[small, noUser, { name: "no name", body: 1 }], 1, "schema_violation"],
			[[small, { name: "no name", body: 1 }, noUser], 1, "invalid_name"],
		] as const) {
			const published = async () => void (await publishBatch(batch, ports));
			await expect(published()).rejects.toMatchObject({ index, code });
		}
		expect(ports.recorded.events).toEqual([]);
	});

	test("of 10 MB is stored", async () => {
		const ports = recordingPorts();
		const receipts = await publishBatch(batchOf(10_000_000), ports);
		expect(receipts).toHaveLength(1_000);
		expect(ports.recorded.events).toHaveLength(1_000);
	});

	test("of 10 MB and one byte is rejected, and nothing is stored", async () => {
		const ports = recordingPorts();
		const published = async () =>
			void (await publishBatch(batchOf(10_000_001), ports));
		await expect(published()).rejects.toMatchObject({
			code: "batch_too_large",
			message: expect.stringContaining("10000001 bytes"),
		});
		expect(ports.recorded.events).toEqual([]);
		expect(ports.recorded.payloads.size).toBe(0);
	});
});

test("an event of exactly 256 KB is rejected, and one byte less is accepted", async () => {
	const ports = recordingPorts();
	const rejected = async () => void (await publish(eventOf(262_144), ports));
	await expect(rejected()).rejects.toMatchObject({ code: "event_too_large" });
	await publish(eventOf(262_143), ports);
	expect(ports.recorded.events).toHaveLength(1);
});

/** An event of this many bytes. */
function eventOf(bytes: number): { name: string; body: string } {
	const { name } = small;
	const head = { id: crypto.randomUUID(), name, time: Date.now(), delay: 0 };
	return { name, body: "x".repeat(bytes - eventBytes(head, '""')) };
}

/** A batch of 1 000 events: 960 of 1 KB and 40 large ones. */
function batchOf(bytes: number): { name: string; body: string }[] {
	const each = Math.floor((bytes - 960_000) / 40);
	const last = bytes - 960_000 - 39 * each;
	return [
		...Array.from({ length: 960 }, () => eventOf(1_000)),
		...Array.from({ length: 39 }, () => eventOf(each)),
		eventOf(last),
	];
}
