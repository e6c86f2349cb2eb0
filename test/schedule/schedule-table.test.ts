import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { timeOf } from "../../src/event/id.ts";
import { byteLength } from "../../src/event/json.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { ScheduleTable } from "../../src/schedule/schedule-table.ts";
import { row, shardNamed } from "../support/shard.ts";

const T0 = Date.UTC(2027, 0, 1);

let count = 0;

/** Runs with an empty table, and with a function that opens its storage again, as a restarted object does. */
function inTable(
	act: (
		table: ScheduleTable,
		restarted: () => ScheduleTable,
		storage: DurableObjectStorage,
	) => void,
) {
	const shard = shardNamed(`schedule-table-test-${++count}`);
	return runInDurableObject(shard, (_, { storage }) =>
		act(new ScheduleTable(storage), () => new ScheduleTable(storage), storage),
	);
}

const delivery = (version: number, dueAt: number): ScheduledRow =>
	row(dueAt, { id: "e", handler: "h", version, record: `{"v":${version}}` });

/** The version and due time of the delivery, if a claim at that time finds it. */
const claimed = (table: ScheduleTable, now: number) =>
	table.claim("deliveries", now).map(({ version, dueAt }) => [version, dueAt]);

test("a claim counts bytes, not characters, up to 240 000", () =>
	inTable((table) => {
		const record = JSON.stringify({ v: 1, body: "€".repeat(20_000) });
		table.store([1, 2, 3, 4, 5].map(() => row(T0, { record })));
		const batch = table.claim("events", T0);
		const bytes = batch.map((claimed) => byteLength(claimed.record));
		expect(bytes).toHaveLength(3);
		expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(240_000);
	}));

test("a claimed event can be neither cancelled, nor moved, nor listed, even after a restart", () =>
	inTable((table, restarted) => {
		const event = row(T0);
		table.store([event]);
		table.claim("events", T0);
		for (const open of [table, restarted()]) {
			expect(open.cancel(event.id, "all")).toBe("gone");
			expect(open.reschedule(event.id, T0 + 1, "all")).toBe("gone");
			expect(open.list([0, ""], 10)).toEqual([]);
		}
	}));

test("settling one kind leaves the claim of the other", () =>
	inTable((table) => {
		const event = row(T0);
		table.store([event, delivery(2, T0)]);
		table.claim("events", T0);
		table.settle("deliveries", table.claim("deliveries", T0));
		expect(table.cancel(event.id, "all")).toBe("gone");
	}));

test("an unsettled claim is returned again, whatever else is due, even after a restart", () =>
	inTable((table, restarted) => {
		const first = row(T0);
		table.store([first]);
		expect(table.claim("events", T0)).toEqual([first]);
		table.store([row(T0 - 1_000)]);
		expect(table.claim("events", T0)).toEqual([first]);
		expect(restarted().claim("events", T0)).toEqual([first]);
	}));

test("only a requester who may publish an event can find, cancel or move it", () =>
	inTable((table) => {
		const event = row(T0);
		table.store([event]);
		expect(table.find(event.id, ["order.**"])).toBe("forbidden");
		expect(table.cancel(event.id, ["order.**"])).toBe("forbidden");
		expect(table.reschedule(event.id, T0 + 1, ["order.**"])).toBe("forbidden");
		expect(table.cancel(event.id, ["quiet.*"])).toMatchObject({ dueAt: T0 });
	}));

test("an event that is stored twice is one row with its first due time", () =>
	inTable((table) => {
		const first = row(T0);
		table.store([first]);
		table.store([row(T0 + 90_000, { id: first.id })]);
		expect(table.list([0, ""], 10)).toMatchObject([{ dueAt: T0 }]);
	}));

test("a delivery is replaced by a later version and never set back to an earlier one", () =>
	inTable((table) => {
		table.store([delivery(3, T0)]);
		table.store([delivery(2, T0 + 10)]);
		table.store([delivery(3, T0 + 20)]);
		expect(table.nextDueAt("deliveries")).toBe(T0);
		table.store([delivery(4, T0 + 90_000)]);
		expect(claimed(table, T0 + 90_000)).toEqual([[4, T0 + 90_000]]);
	}));

test("a claimed delivery can be stored again, with a later due time", () =>
	inTable((table) => {
		table.store([delivery(3, T0)]);
		const batch = table.claim("deliveries", T0);
		table.store([delivery(3, T0)]);
		table.settle("deliveries", batch);
		expect(claimed(table, T0 + 1)).toEqual([[3, T0 + 1]]);
	}));

test("a delivery that was stored again after its claim waits, whatever duplicates store while the claim is open", () =>
	inTable((table, restarted) => {
		table.store([delivery(3, T0)]);
		table.claim("deliveries", T0);
		table.store([delivery(4, T0 + 60_000)]);
		table.store([delivery(4, T0 + 90_000)]);
		expect(table.nextDueAt("deliveries")).toBe(T0 + 60_000);
		const again = restarted();
		again.store([delivery(4, T0 + 90_000)]);
		expect(again.nextDueAt("deliveries")).toBe(T0 + 60_000);
	}));

test("a row that was moved after its claim is not settled with the others", () =>
	inTable((table) => {
		table.store([delivery(3, T0)]);
		const batch = table.claim("deliveries", T0);
		table.store([delivery(4, T0)]);
		table.settle("deliveries", batch);
		expect(claimed(table, T0)).toEqual([]);
		expect(claimed(table, T0 + 1)).toEqual([[4, T0 + 1]]);
	}));

test("a claim that is settled in part is returned again without the settled rows, even after a restart", () =>
	inTable((table, restarted) => {
		const events = ["a", "b"].map((id) => row(T0, { id }));
		table.store(events);
		const [a] = table.claim("events", T0);
		table.settle("events", a ? [a] : []);
		const ids = (one: ScheduleTable) =>
			one.claim("events", T0).map(({ id }) => id);
		expect(ids(table)).toEqual(["b"]);
		expect(ids(restarted())).toEqual(["b"]);
		expect(table.cancel("b", "all")).toBe("gone");
	}));

test("a claim of one kind reads no rows of the other", () =>
	inTable((table, _, { sql }) => {
		table.store(
			Array.from({ length: 500 }, () => row(T0, { handler: "h", version: 2 })),
		);
		table.store([row(T0 + 2)]);
		const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
		const exec = sql.exec.bind(sql);
		sql.exec = ((...args: Parameters<typeof exec>) => {
			const cursor = exec(...args);
			cursors.push(cursor);
			return cursor;
		}) as typeof sql.exec;
		expect(table.claim("events", T0 + 10)).toHaveLength(1);
		const read = cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
		expect(read).toBeLessThanOrEqual(5);
	}));

test("a list shows what it can of a row that it cannot read, and that row can be cancelled", () =>
	inTable((table) => {
		const log = vi.spyOn(console, "error").mockImplementation(() => {});
		const deep = `${"[".repeat(1_000)}${"]".repeat(1_000)}`;
		const [read, nested, torn] = [
			row(T0),
			row(T0 + 1, { record: `{"v":1,"body":${deep}}` }),
			row(T0 + 2, { record: '{"v":1,' }),
		];
		table.store([read, nested, torn]);
		expect(table.list([0, ""], 10)).toEqual(
			[read, nested, torn].map(({ id, name, dueAt }) => {
				const time = timeOf(id) as number;
				return { id, name, time, delay: dueAt - time, dueAt };
			}),
		);
		expect(log.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
			{ tidings: "row_unreadable", event: nested.id },
			{ tidings: "row_unreadable", event: torn.id },
		]);
		expect(table.cancel(torn.id, "all")).toMatchObject({ id: torn.id });
		expect(table.cancel(nested.id, "all")).toMatchObject({ id: nested.id });
		log.mockRestore();
	}));
