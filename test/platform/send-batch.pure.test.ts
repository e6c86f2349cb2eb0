import fc from "fast-check";
import { expect, test } from "vitest";
import { byteLength } from "../../src/event/json.ts";
import {
	chunks,
	messageBytes,
	roughBytes,
} from "../../src/platform/send-batch.ts";

const itself = (bytes: number) => bytes;
const total = (batch: number[]) => batch.reduce((sum, bytes) => sum + bytes, 0);

test("nothing makes no batch", () => {
	expect(chunks([], itself)).toEqual([]);
});

test("the hundred and first goes into a second batch", () => {
	const items = Array.from({ length: 101 }, (_, index) => index);
	const batches = chunks(items, () => 1);
	expect(batches.map((batch) => batch.length)).toEqual([100, 1]);
	expect(batches.flat()).toEqual(items);
});

test("a batch is filled up to 240 000 bytes and not one more", () => {
	expect(chunks([120_000, 120_000], itself)).toEqual([[120_000, 120_000]]);
	expect(chunks([120_000, 120_001], itself)).toEqual([[120_000], [120_001]]);
});

test("what is larger than a batch goes alone, between full ones", () => {
	expect(chunks([1, 240_001, 2, 3], itself)).toEqual([[1], [240_001], [2, 3]]);
});

test("order is kept, nothing is lost, and every batch is one that a queue takes", () => {
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

test("no two neighbours would fit into one batch", () => {
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

test("a text's bytes are never taken for fewer, and of one over 2 300 they are counted", () => {
	const part = fc.tuple(
		fc.constantFrom("a", "\n", "é", "\xff", "€", "😀", "\ud83d"),
		fc.nat(2_500),
	);
	fc.assert(
		fc.property(part, part, fc.nat(300), (one, other, narrow) => {
			const rest = [one, other].map(([unit, n]) => unit.repeat(n)).join("");
			const text = "x".repeat(narrow) + rest;
			const besides = 31 - narrow;
			const bytes = besides + byteLength(text);
			const rough = roughBytes(text, narrow, besides);
			expect(rough).toBeGreaterThanOrEqual(bytes);
			if (rough > 2_300) expect(rough).toBe(bytes);
		}),
	);
});

test("a hundred of what nobody counts fit into a batch", () => {
	const text = "€".repeat(766);
	expect(roughBytes(text)).toBe(2_298);
	expect(byteLength(text)).toBe(2_298);
	const texts = Array.from({ length: 100 }, () => text);
	expect(messageBytes(text)).toBe(2_398);
	expect(chunks(texts, messageBytes)).toHaveLength(1);
});

test("narrow characters are taken for two bytes each", () => {
	expect(roughBytes("a".repeat(1_150))).toBe(2_300);
	expect(roughBytes("a".repeat(1_151))).toBe(1_151);
	expect(roughBytes("é".repeat(1_150), 0, 1)).toBe(2_301);
	expect(roughBytes("x".repeat(2_300), 2_300)).toBe(2_300);
	expect(roughBytes(`${"x".repeat(100)}${"a".repeat(1_100)}`, 100)).toBe(2_300);
});
