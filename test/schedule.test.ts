import { expect, test } from "vitest";
import type { Held } from "../src/contract/held.ts";
import { PAYLOAD_KEPT } from "../src/contract/limits.ts";
import { type HandOver, handOver } from "../src/schedule.ts";

const NOW = 1_000_000;

const held = (id: string, reference: string | null = null): Held => ({
	id,
	handler: "",
	name: "order.placed",
	dueAt: NOW,
	attempt: 0,
	reference,
	record: `record of ${id}`,
});

/** Hands over these batches, and tells what was done, in order. */
async function handedOver(batches: Held[][], ports: Partial<HandOver> = {}) {
	const done: unknown[] = [];
	const rows = {
		claim: () => batches[0] ?? [],
		settle: (_: unknown, batch: readonly Held[]) => {
			done.push(["settled", ...batch.map(({ id }) => id)]);
			batches.shift();
		},
	};
	await handOver("events", rows, {
		queue: {
			sendBatch: async (records) => void done.push(["sent", ...records]),
		},
		payloads: {
			keep: async (key, until) => void done.push(["kept", key, until]),
		},
		clock: () => NOW,
		observe: ({ type, id }) => done.push([type, id]),
		...ports,
	});
	return done;
}

test("a hand-over keeps the large bodies, sends, settles, and tells of it, in this order", async () => {
	expect(await handedOver([[held("a"), held("b", "body of b")]])).toEqual([
		["kept", "body of b", NOW + PAYLOAD_KEPT],
		["sent", "record of a", "record of b"],
		["settled", "a", "b"],
		["queued", "a"],
		["queued", "b"],
	]);
});

test("a large body that cannot be kept longer holds nothing up", async () => {
	const keep = async () => {
		throw new Error("the object is down");
	};
	const done = await handedOver([[held("a", "body of a")]], {
		payloads: { keep },
	});
	expect(done).toContainEqual(["settled", "a"]);
});

test("a hand-over goes on batch by batch, and lets go after five minutes", async () => {
	let now = NOW;
	const batches = Array.from({ length: 9 }, (_, n) => [held(`e${n}`)]);
	const sendBatch = async () => {
		now += 60_000;
	};
	await handedOver(batches, { queue: { sendBatch }, clock: () => now });
	expect(batches).toHaveLength(4);
});
