import fc from "fast-check";
import { version } from "uuid";
import { afterEach, expect, test, vi } from "vitest";
import { MAX_SHARDS, newId, shardOf } from "../../src/contract/id.ts";

const NOW = Date.UTC(2027, 0, 14, 17, 46, 5, 811);

afterEach(() => {
	vi.restoreAllMocks();
});

test("an id is a UUID of version 7 that begins with its time", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: 2 ** 48 - 1 }),
			fc.integer({ min: 1, max: MAX_SHARDS }),
			(time, shards) => {
				const id = newId(time, shards);
				expect(id).toMatch(
					/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
				);
				expect(version(id)).toBe(7);
				expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(
					time,
				);
				expect(shardOf(id)).toBeGreaterThanOrEqual(0);
				expect(shardOf(id)).toBeLessThan(shards);
			},
		),
	);
});

test("ids of one millisecond differ, those of a later one sort after", () => {
	const ids = Array.from({ length: 2_000 }, () => newId(NOW, 4));
	expect(new Set(ids).size).toBe(ids.length);
	const later = newId(NOW + 1, 4);
	expect(ids.every((id) => id < later)).toBe(true);
});

test.each([1, 2, 3, 4, 7, 16])(
	"each of %i shards gets about its share",
	(shards) => {
		const counts = Array<number>(shards).fill(0);
		const share = 1_000;
		for (let i = 0; i < share * shards; i++) {
			const shard = shardOf(newId(NOW, shards)) ?? Number.NaN;
			counts[shard] = (counts[shard] ?? Number.NaN) + 1;
		}
		// 1 000 draws spread by 32; seven times that never happens, a missing shard always shows.
		for (const count of counts) {
			expect(count).toBeGreaterThan(share * 0.75);
			expect(count).toBeLessThan(share * 1.25);
		}
	},
);

const LAST = 1 - Number.EPSILON / 2;

test.each([
	["123456ab-aaaa-4123-8456-789abcdef0aa", 0, 1, "7123-8456-789abcdef000"],
	["123456ab-aaaa-4123-8456-789abcdef0aa", 0, 256, "7123-8456-789abcdef000"],
	["ffffffff-ffff-4fff-bfff-ffffffffffff", LAST, 1, "7fff-bfff-ffffffffff00"],
	["ffffffff-ffff-4fff-bfff-ffffffffffff", LAST, 3, "7fff-bfff-ffffffffff02"],
	["ffffffff-ffff-4fff-bfff-ffffffffffff", LAST, 256, "7fff-bfff-ffffffffffff"],
	["00000000-0000-4000-8000-000000000000", 0.499, 2, "7000-8000-000000000000"],
	["00000000-0000-4000-8000-000000000000", 0.5, 2, "7000-8000-000000000001"],
] as const)(
	"of %s, %d and %i shards comes an id that ends %s",
	(random, drawn, shards, end) => {
		vi.spyOn(crypto, "randomUUID").mockReturnValue(random);
		vi.spyOn(Math, "random").mockReturnValue(drawn);
		expect(newId(NOW, shards)).toBe(`01a3154e-8a73-${end}`);
		expect(newId(0, shards)).toBe(`00000000-0000-${end}`);
		expect(newId(NOW, shards)).toBe(`01a3154e-8a73-${end}`);
	},
);

test("all of the 256 shards are reached", () => {
	const seen = new Set<unknown>();
	for (let i = 0; i < 10_000; i++) seen.add(shardOf(newId(NOW, MAX_SHARDS)));
	expect(seen.size).toBe(MAX_SHARDS);
});

test.each([
	["01994b1e-6f3a-7c11-8a2b-0123456789ff", 255],
	["01994b1e-6f3a-7c11-8a2b-012345678900", 0],
	["01994b1e-6f3a-7c11-8a2b-012345678903", 3],
])("%s tells its shard, %i, whatever is deployed now", (id, shard) => {
	expect(shardOf(id)).toBe(shard);
});

test.each([
	"",
	"garbage",
	"01994b1e-6f3a-4c11-8a2b-0123456789ff",
	"01994b1e-6f3a-7c11-7a2b-0123456789ff",
	"01994b1e6f3a7c118a2b0123456789ff",
	"01994b1e-6f3a-7c11-8a2b-0123456789ff ",
	" 01994b1e-6f3a-7c11-8a2b-0123456789ff",
	"01994b1e-6f3a-7c11-8a2b-0123456789fg",
	"01994B1E-6F3A-7C11-8A2B-0123456789FF",
])("%j is no id of ours and tells no shard", (id) => {
	expect(shardOf(id)).toBeUndefined();
});

test("anything else tells no shard", () => {
	expect(shardOf(["01994b1e-6f3a-7c11-8a2b-0123456789ff"])).toBeUndefined();
	fc.assert(
		fc.property(fc.anything(), (value) => {
			expect(shardOf(value)).toBeUndefined();
		}),
	);
});
