import { expect, test } from "vitest";
import { shardOf } from "../src/contract/id.ts";
import { publishBatch } from "../src/publish.ts";
import { keeping } from "./support/ports.ts";

test("scheduled events of a batch go to the shards that their ids tell, one call for each", async () => {
	const ports = keeping();
	const calls: Set<unknown>[] = [];
	ports.scheduler.hold = async (rows) =>
		void calls.push(new Set(rows.map(({ id }) => shardOf(id))));
	const item = { name: "order.placed", body: null, after: "1 hour" };
	await publishBatch(Array(100).fill(item), ports);
	expect(calls.map((shards) => shards.size)).toEqual(calls.map(() => 1));
	expect(new Set(calls.flatMap((shards) => [...shards])).size).toBe(
		calls.length,
	);
	expect(calls.length).toBeGreaterThan(1);
});
