import fc from "fast-check";
import { version } from "uuid";
import { afterEach, expect, test, vi } from "vitest";
import { MAX_SHARDS, newId, shardOf, timeOf } from "../../src/event/id.ts";

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
	["123456789abcdef000", 0, 1, "7123-8456-789abcdef000"],
	["123456789abcdef0ff", 0, 256, "7123-b456-789abcdef000"],
	["ffffffffffffffffff", LAST, 1, "7fff-bfff-ffffffffff00"],
	["fffffffffffffffffd", LAST, 3, "7fff-9fff-ffffffffff02"],
	["ffffffffffffffffff", LAST, 256, "7fff-bfff-ffffffffffff"],
	["000000000000000000", 0.499, 2, "7000-8000-000000000000"],
	["000000000000000002", 0.5, 2, "7000-a000-000000000001"],
] as const)(
	"of the random bytes %s, %d drawn and %i shards comes an id that ends %s",
	(random, drawn, shards, end) => {
		vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
			const drawn = random.match(/../g) ?? [];
			(bytes as unknown as Uint8Array).set(
				drawn.map((two) => Number(`0x${two}`)),
			);
			return bytes;
		});
		vi.spyOn(Math, "random").mockReturnValue(drawn);
		expect(newId(NOW, shards)).toBe(`01a3154e-8a73-${end}`);
		expect(newId(0, shards)).toBe(`00000000-0000-${end}`);
		expect(newId(NOW, shards)).toBe(`01a3154e-8a73-${end}`);
	},
);

test("each random digit is any of its digits as often, and tells nothing of another", () => {
	const places = [15, 16, 17, 19, 20, 21, 22].concat(
		Array.from({ length: 10 }, (_, digit) => 24 + digit),
	);
	const count = 8_000;
	const ids = Array.from({ length: count }, () => newId(NOW, 4));
	// 500 draws of one in sixteen spread by 22, 2 000 of one in four by 39: seven times that never happens.
	for (const place of places) {
		const digits = place === 19 ? "89ab" : "0123456789abcdef";
		const counts = Map.groupBy(ids, (id) => id.charAt(place));
		expect([...counts.keys()].sort().join("")).toBe(digits);
		for (const { length } of counts.values())
			expect(Math.abs(length - count / digits.length)).toBeLessThan(275);
	}
	for (const [index, one] of places.entries())
		for (const other of places.slice(index + 1)) {
			const alike = ids.filter((id) => id[one] === id[other]);
			expect(Math.abs(alike.length - count / 16)).toBeLessThan(155);
		}
	expect(new Set(ids.map((id) => id.slice(15, 34))).size).toBe(count);
});

test("all of the 256 shards are reached", () => {
	const seen = new Set<unknown>();
	for (let i = 0; i < 10_000; i++) seen.add(shardOf(newId(NOW, MAX_SHARDS)));
	expect(seen.size).toBe(MAX_SHARDS);
});

test.each([0, 1, NOW, 2 ** 48 - 1])("an id tells its time, %i", (time) => {
	expect(timeOf(newId(time, 4))).toBe(time);
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
])("%j is no id of ours and tells neither shard nor time", (id) => {
	expect(shardOf(id)).toBeUndefined();
	expect(timeOf(id)).toBeUndefined();
});

test("anything else tells neither", () => {
	expect(shardOf(["01994b1e-6f3a-7c11-8a2b-0123456789ff"])).toBeUndefined();
	fc.assert(
		fc.property(fc.anything(), (value) => {
			expect(shardOf(value)).toBeUndefined();
			expect(timeOf(value)).toBeUndefined();
		}),
	);
});
