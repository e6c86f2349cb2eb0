import { expect, test } from "vitest";
import { eventBytes } from "../../src/event/encode.ts";
import { shardOf } from "../../src/event/id.ts";
import { publishBatch } from "../../src/publish/publish.ts";
import { keeping } from "../support/ports.ts";

test("scheduled events of a batch go to the shards that their ids tell, one call for each", async () => {
	const ports = keeping();
	const calls: Set<unknown>[] = [];
	ports.scheduler.store = async (rows) =>
		void calls.push(new Set(rows.map(({ id }) => shardOf(id))));
	const item = { name: "order.placed", body: null, after: "1 hour" };
	await publishBatch(Array(100).fill(item), ports);
	expect(calls.map((shards) => shards.size)).toEqual(calls.map(() => 1));
	expect(new Set(calls.flatMap((shards) => [...shards])).size).toBe(
		calls.length,
	);
	expect(calls.length).toBeGreaterThan(1);
});

/** A batch of 1 000 events, 40 of them as large as they must be for so many bytes together, the others of 1 KB. */
function batchOf(bytes: number): { name: string; body: string }[] {
	const name = "order.placed";
	const head = { id: crypto.randomUUID(), name, time: Date.now(), delay: 0 };
	const eventOf = (bytes: number) => {
		const body = "x".repeat(bytes - eventBytes(head, '""'));
		return { name, body };
	};
	const small = Array.from({ length: 960 }, () => eventOf(1_000));
	const each = Math.floor((bytes - 960_000) / 40);
	const last = bytes - 960_000 - 39 * each;
	return [
		...small,
		...Array.from({ length: 39 }, () => eventOf(each)),
		eventOf(last),
	];
}

test("a batch of 10 MB is taken whole, though its small events might have been larger", async () => {
	const ports = keeping();
	const receipts = await publishBatch(batchOf(10_000_000), ports);
	expect(receipts).toHaveLength(1_000);
	expect(ports.kept.events).toHaveLength(1_000);
});

test("a batch of 10 MB and a byte is refused, and none of it is held", async () => {
	const ports = keeping();
	await expect(publishBatch(batchOf(10_000_001), ports)).rejects.toMatchObject({
		code: "batch_too_large",
		message: expect.stringContaining("10000001 bytes"),
	});
	expect(ports.kept.events).toEqual([]);
	expect(ports.kept.payloads.size).toBe(0);
});
