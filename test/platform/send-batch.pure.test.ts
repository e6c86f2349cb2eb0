import fc from "fast-check";
import { expect, test } from "vitest";
import { chunks, messageBytes } from "../../src/platform/send-batch.ts";

const itself = (bytes: number) => bytes;
const total = (batch: number[]) => batch.reduce((sum, bytes) => sum + bytes, 0);

test("no items are no batch", () => {
	expect(chunks([], itself)).toEqual([]);
});

test("a batch has at most 100 messages", () => {
	const items = Array.from({ length: 101 }, (_, index) => index);
	const batches = chunks(items, () => 1);
	expect(batches.map((batch) => batch.length)).toEqual([100, 1]);
	expect(batches.flat()).toEqual(items);
});

test("a batch has at most 240 000 bytes", () => {
	expect(chunks([120_000, 120_000], itself)).toEqual([[120_000, 120_000]]);
	expect(chunks([120_000, 120_001], itself)).toEqual([[120_000], [120_001]]);
});

test("an item larger than a batch is a batch of its own", () => {
	expect(chunks([1, 240_001, 2, 3], itself)).toEqual([[1], [240_001], [2, 3]]);
});

test("the order is unchanged, no item is lost, and a queue accepts every batch", () => {
	const bytes = fc.oneof(
		{ weight: 3, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
		{ weight: 1, arbitrary: fc.integer({ min: 100_000, max: 300_000 }) },
	);
	fc.assert(
		fc.property(fc.array(bytes, { maxLength: 400, size: "max" }), (items) => {
			const batches = chunks(items, itself);
			expect(batches.flat()).toEqual(items);
			for (const batch of batches) {
				expect(batch.length).toBeGreaterThanOrEqual(1);
				expect(batch.length).toBeLessThanOrEqual(100);
				if (batch.length > 1) expect(total(batch)).toBeLessThanOrEqual(240_000);
			}
		}),
	);
});

test("two neighbouring batches never fit into one", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 300 }),
			(items) => {
				const batches = chunks(items, itself);
				for (const [index, batch] of batches.slice(0, -1).entries()) {
					const [first = 0] = batches[index + 1] ?? [];
					const full = batch.length === 100 || total(batch) + first > 240_000;
					expect(full).toBe(true);
				}
			},
		),
	);
});

test("a record counts its UTF-8 bytes and 100 bytes of metadata", () => {
	expect(messageBytes("")).toBe(100);
	expect(messageBytes("aé€😀")).toBe(100 + 1 + 2 + 3 + 4);
	expect(messageBytes("€".repeat(80_000))).toBe(240_100);
});
