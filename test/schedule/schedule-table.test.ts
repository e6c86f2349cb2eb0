import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { byteLength } from "../../src/event/json.ts";
import { ScheduleTable } from "../../src/schedule/schedule-table.ts";
import { row, shardNamed } from "../support/shard.ts";

const T0 = Date.UTC(2027, 0, 1);

let count = 0;

/** Rows in a storage of their own; a second table on it is one after a restart. */
function inTable(
	act: (table: ScheduleTable, restarted: () => ScheduleTable) => void,
) {
	const shard = shardNamed(`held-table-test-${++count}`);
	return runInDurableObject(shard, (_, { storage }) =>
		act(new ScheduleTable(storage), () => new ScheduleTable(storage)),
	);
}

test("a claim is at most 240 000 bytes in UTF-8, however few characters", () =>
	inTable((table) => {
		const record = JSON.stringify({ v: 1, body: "€".repeat(20_000) });
		table.store([1, 2, 3, 4, 5].map(() => row(T0, { record })));
		const batch = table.claim("events", T0);
		const bytes = batch.map((held) => byteLength(held.record));
		expect(bytes).toHaveLength(3);
		expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(240_000);
	}));

test("a claim of one kind outlives what is settled of the other, and a restart", () =>
	inTable((table, restarted) => {
		const event = row(T0);
		table.store([event, row(T0, { handler: "h", attempt: 2 })]);
		table.claim("events", T0);
		table.settle("deliveries", table.claim("deliveries", T0));
		expect(table.cancel(event.id, "all")).toBe("gone");
		expect(restarted().cancel(event.id, "all")).toBe("gone");
	}));

test("a claim that was not settled is given out again, as it was, whatever is due by then", () =>
	inTable((table, restarted) => {
		const first = row(T0);
		table.store([first]);
		expect(table.claim("events", T0)).toEqual([first]);
		table.store([row(T0 - 1_000)]);
		expect(table.claim("events", T0)).toEqual([first]);
		expect(restarted().claim("events", T0)).toEqual([first]);
	}));
