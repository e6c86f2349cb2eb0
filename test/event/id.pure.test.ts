import fc from "fast-check";
import { version } from "uuid";
import { describe, expect, test, vi } from "vitest";
import { MAX_SHARDS, newId, shardOf, timeOf } from "../../src/event/id.ts";

const NOW = Date.UTC(2027, 0, 14, 17, 46, 5, 811);

const time = fc.nat(2 ** 48 - 2);
const shards = fc.integer({ min: 1, max: MAX_SHARDS });

describe("a new id", () => {
	test("is a UUID of version 7 with its time and one of the shards", () => {
		fc.assert(
			fc.property(time, shards, (time, shards) => {
				const id = newId(time, shards);
				expect(version(id)).toBe(7);
				expect(id).toBe(id.toLowerCase());
				expect(timeOf(id)).toBe(time);
				expect(shardOf(id)).toBeLessThan(shards);
			}),
		);
	});

	test("depends on its arguments only, and not on the clock or on ids before it", () => {
		const random = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
		vi.useFakeTimers({ now: 5 });
		const id = newId(NOW, 256, random);
		newId(NOW + 1, 4);
		vi.setSystemTime(NOW + 1_000);
		expect(newId(NOW, 256, random)).toBe(id);
		vi.useRealTimers();
		expect(id).toMatch(/^01a3154e-8a73-7/);
		expect([...random]).toEqual([...Array(16).keys()].map((n) => n + 1));
	});

	test("of a later millisecond sorts after it", () => {
		fc.assert(
			fc.property(time, shards, (time, shards) => {
				expect(newId(time, shards) < newId(time + 1, shards)).toBe(true);
			}),
		);
	});

	test("has other random digits than every id before it", () => {
		const ids = Array.from({ length: 5_000 }, () => newId(NOW, 1));
		expect(new Set(ids.map((id) => id.slice(14, 34))).size).toBe(5_000);
	});

	test("uses every random bit that a UUID of version 7 has room for, up to the last byte", () => {
		const digits = (byte: number) =>
			newId(NOW, 1, new Uint8Array(16).fill(byte));
		expect(digits(0)).toBe("01a3154e-8a73-7000-8000-000000000000");
		expect(digits(255)).toBe("01a3154e-8a73-77ff-bfff-ffffffffff00");
	});
});

describe("the shard of a new id", () => {
	test.each([1, 2, 3, 4, 7, 16, MAX_SHARDS])(
		"is each of %i shards equally often",
		(shards) => {
			const counts = Array<number>(shards).fill(0);
			const random = new Uint8Array(16);
			for (let drawn = 0; drawn < 2 ** 16; drawn++) {
				random[0] = drawn >> 8;
				random[1] = drawn;
				const shard = shardOf(newId(NOW, shards, random)) ?? Number.NaN;
				counts[shard] = (counts[shard] ?? Number.NaN) + 1;
			}
			expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
		},
	);
});

test.each([
	["01994b1e-6f3a-7c11-8a2b-0123456789ff", 255],
	["01994b1e-6f3a-7c11-8a2b-012345678900", 0],
	["01994b1e-6f3a-7c11-8a2b-012345678903", 3],
])("%s has the shard %i, however many shards are deployed now", (id, shard) => {
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
])("%j is not an id and has neither shard nor time", (id) => {
	expect(shardOf(id)).toBeUndefined();
	expect(timeOf(id)).toBeUndefined();
});

test("a value that is not a string has neither shard nor time", () => {
	expect(shardOf(["01994b1e-6f3a-7c11-8a2b-0123456789ff"])).toBeUndefined();
	fc.assert(
		fc.property(fc.anything(), (value) => {
			expect(shardOf(value)).toBeUndefined();
			expect(timeOf(value)).toBeUndefined();
		}),
	);
});
