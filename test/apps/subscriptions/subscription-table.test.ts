import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SubscriptionKey } from "../../../src/apps/subscriptions/subscription-key.ts";
import { SubscriptionTable } from "../../../src/apps/subscriptions/subscription-table.ts";
import { shardNamed } from "../../support/shard.ts";

let count = 0;

/** Rows in a storage of their own; a second table on it is one after a restart. */
function inTable<Result>(
	act: (table: SubscriptionTable, storage: DurableObjectStorage) => Result,
): Promise<Result> {
	const object = shardNamed(`subscription-table-test-${++count}`);
	return runInDurableObject(object, (_, { storage }) =>
		act(new SubscriptionTable(storage), storage),
	);
}

/** Rows read or written while `act` runs, by SQLite's own count. */
function rowsBy(
	does: "rowsRead" | "rowsWritten",
	{ sql }: DurableObjectStorage,
	act: () => unknown,
): number {
	const exec = sql.exec;
	const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
	sql.exec = ((...args: Parameters<typeof exec>) => {
		const cursor = exec.apply(sql, args);
		cursors.push(cursor);
		return cursor;
	}) as typeof exec;
	act();
	sql.exec = exec;
	return cursors.reduce((rows, cursor) => rows + cursor[does], 0);
}

const ada: SubscriptionKey = [
	["accountId", 1],
	["email", "ada@example.com"],
];

test("the same app and key are one subscription, whose tool is replaced and whose id does not change", () =>
	inTable((table) => {
		const id = table.add("@a/inbox", "first", ada);
		expect(table.add("@a/inbox", "second", ada)).toBe(id);
		expect(table.count()).toBe(1);
		expect(table.find(id)).toEqual({
			id,
			app: "@a/inbox",
			tool: "second",
			key: ada,
		});
		expect(table.add("@a/other", "first", ada)).not.toBe(id);
		expect(table.count()).toBe(2);
	}));

test("a removed subscription matches no field, and its id is never used again, even after a restart", () =>
	inTable((table, storage) => {
		const id = table.add("@a/inbox", "tool", ada);
		expect(table.isEmpty()).toBe(false);
		expect(table.remove("@a/other", ada)).toBe(false);
		expect(table.remove("@a/inbox", ada.slice(1))).toBe(false);
		expect(table.remove("@a/inbox", [...ada].reverse())).toBe(true);
		expect(table.remove("@a/inbox", ada)).toBe(false);
		expect(table.isEmpty()).toBe(true);
		expect(table.find(id)).toBe(null);
		for (const field of ada) expect(table.match([field], 0, 10)).toEqual([]);
		expect(storage.sql.exec("SELECT * FROM field").toArray()).toEqual([]);
		const restarted = new SubscriptionTable(storage);
		expect(restarted.add("@a/inbox", "tool", ada)).toBeGreaterThan(id);
	}));

test("a subscription with two fields writes six rows, a repetition none, another tool one, its end three", () =>
	inTable((table, storage) => {
		const written = (act: () => unknown) => rowsBy("rowsWritten", storage, act);
		table.add("@a/inbox", "tool", [["email", "of the first one"]]);
		expect(written(() => table.add("@a/inbox", "tool", ada))).toBe(6);
		expect(written(() => table.add("@a/inbox", "tool", ada))).toBe(0);
		expect(written(() => table.add("@a/inbox", "other", ada))).toBe(1);
		expect(written(() => table.remove("@a/inbox", ada))).toBe(3);
	}));

test("values match exactly, by case and type, with any characters", () =>
	inTable((table) => {
		const values = [1, "1", true, "true", "a,b", "A,b", '"', "\ud800", "\0"];
		const ids = values.map((value) =>
			table.add("@a/inbox", "tool", [["field", value]]),
		);
		expect(new Set(ids).size).toBe(values.length);
		for (const [index, value] of values.entries())
			expect(table.match([["field", value]], 0, 10)).toMatchObject([
				{ id: ids[index], key: [["field", value]] },
			]);
		expect(table.match([["Field", 1]], 0, 10)).toEqual([]);
	}));

test("subscriptions of an app, of a key, or of both are listed in pages by id", () =>
	inTable((table) => {
		const keys = ["x", "y", "z"].map(
			(value): SubscriptionKey => [["field", value]],
		);
		for (const key of keys)
			for (const app of ["@a/two", "@a/one"]) table.add(app, "tool", key);
		const ids = (query: object) =>
			table.list({ limit: 10, ...query }).map(({ id }) => id);
		expect(ids({})).toEqual([1, 2, 3, 4, 5, 6]);
		expect(ids({ app: "@a/one" })).toEqual([2, 4, 6]);
		expect(ids({ app: "@a/one", after: 2, limit: 1 })).toEqual([4]);
		expect(ids({ key: keys[1] })).toEqual([3, 4]);
		expect(ids({ key: keys[1], app: "@a/two" })).toEqual([3]);
		expect(ids({ key: keys[1], app: "" })).toEqual([]);
		expect(ids({ key: [] })).toEqual([]);
	}));

test("a list shows what it can of a subscription whose key it cannot read", () =>
	inTable((table, { sql }) => {
		const torn = table.add("@my-org/inbox", "one", ada);
		const other = table.add("@my-org/inbox", "two", []);
		sql.exec("UPDATE subscription SET key = '[' WHERE id = ?", torn);
		expect(table.list({ limit: 10 })).toEqual([
			{ id: torn, app: "@my-org/inbox", tool: "one", key: [] },
			{ id: other, app: "@my-org/inbox", tool: "two", key: [] },
		]);
	}));

test("matching by all fields of a filter, in pages, finds the same subscriptions as a full scan", () =>
	inTable((table, storage) => {
		const value = fc.constantFrom("a", "A", "1", 1, true, "true");
		const key = fc.tuple(value, value, value).map(
			([x, y, z]): SubscriptionKey => [
				["x", x],
				["y", y],
				["z", z],
			],
		);
		const apps = fc.constantFrom("@a/one", "@a/two");
		fc.assert(
			fc.property(
				fc.array(fc.tuple(apps, key), { maxLength: 300 }),
				key,
				fc.subarray([0, 1, 2]),
				fc.integer({ min: 1, max: 100 }),
				(added, from, named, limit) => {
					storage.sql.exec("DELETE FROM subscription; DELETE FROM field");
					for (const [app, key] of added) table.add(app, "tool", key);
					const filter = named.flatMap((at) => from.slice(at, at + 1));
					const expected = table
						.list({ limit: 1_000 })
						.filter(({ key }) =>
							filter.every(([name, value]) =>
								key.some((field) => field[0] === name && field[1] === value),
							),
						);
					const found = [];
					for (let page = []; ; ) {
						page = table.match(filter, found.at(-1)?.id ?? 0, limit);
						found.push(...page);
						if (page.length < limit) break;
					}
					expect(found).toEqual(expected);
				},
			),
			{ numRuns: 50 },
		);
	}));

const SIZES = [10, 1_000, 100_000];

/** Everybody in one region, half of them with one plan, each with an account of their own. */
function filled(table: SubscriptionTable, { size }: { size: number }): void {
	for (let n = table.count(); n < size; n++)
		table.add(`@a/app-${n % 2}`, "tool", [
			["region", "eu"],
			["plan", n % 2 === 0 ? "free" : "paid"],
			["account", n],
		]);
}

test("a match reads as many rows among 100 000 subscriptions as among 10: the rarest field leads", async () => {
	const queries = {
		one: (table: SubscriptionTable) => table.match([["account", 4]], 0, 100),
		// Only the last field selects.
		amongOthers: (table: SubscriptionTable) =>
			table.match(
				[
					["region", "eu"],
					["plan", "free"],
					["account", 4],
				],
				0,
				100,
			),
		none: (table: SubscriptionTable) => table.match([["account", -1]], 0, 100),
		page: (table: SubscriptionTable) =>
			table.match(
				[
					["region", "eu"],
					["plan", "free"],
				],
				0,
				5,
			),
		all: (table: SubscriptionTable) => table.match([], 0, 5),
		found: (table: SubscriptionTable) => [table.find(5)],
		ofApp: (table: SubscriptionTable) =>
			table.list({ app: "@a/app-1", after: 2, limit: 3 }),
		ofKey: (table: SubscriptionTable) =>
			table.list({
				key: [
					["region", "eu"],
					["plan", "free"],
					["account", 4],
				],
				limit: 10,
			}),
		isEmpty: (table: SubscriptionTable) => [table.isEmpty()],
	};
	const found = { one: 1, amongOthers: 1, none: 0, page: 5, all: 5 };
	const read = await inTable((table, storage) =>
		SIZES.map((size) => {
			storage.transactionSync(() => filled(table, { size }));
			return Object.fromEntries(
				Object.entries(queries).map(([name, query]) => {
					const rows = rowsBy("rowsRead", storage, () => {
						const { length } = query(table);
						if (name in found)
							expect([name, length]).toEqual([
								name,
								found[name as keyof typeof found],
							]);
					});
					return [name, rows];
				}),
			);
		}),
	);
	const [, few, many] = read;
	expect(many).toEqual(few);
	expect(many?.one).toBeLessThanOrEqual(3);
	for (const rows of Object.values(many ?? {}))
		expect(rows).toBeLessThanOrEqual(500);
}, 60_000);
