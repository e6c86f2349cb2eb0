import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { timeOf } from "../../src/event/id.ts";
import { byteLength } from "../../src/event/json.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { countByHour } from "../../src/schedule/hour-table.ts";
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

const KEY = { id: "e", handler: "h" };
const DAY = 86_400_000;
const START = { dueAt: 0, id: "", handler: "" };

const delivery = (
	version: number,
	dueAt: number,
	changes: Partial<ScheduledRow> = {},
): ScheduledRow =>
	row(dueAt, {
		...KEY,
		version,
		record: `{"v":${version}}`,
		waiting: { state: "retrying", at: T0 - 600_000 },
		...changes,
	});

/** A delivery whose first attempt started at a time. */
const begunAt = (firstAttemptAt: number, version = 3) =>
	delivery(version, T0 + 2 * DAY, {
		waiting: { state: "retrying", at: T0, firstAttemptAt },
	});

/** A delivery without an attempt, whose message was sent at a time. */
const sentAt = (time: number) => ({
	...delivery(1, T0 + 2 * DAY),
	sentAt: time,
});

const listed = ({ deliveries }: ScheduleTable) =>
	deliveries.list({ dueAt: 0, id: "", handler: "" }, {}, 10).found;

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
			expect(open.list(START, {}, 10).found).toEqual([]);
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
		expect(table.list(START, {}, 10).found).toMatchObject([{ dueAt: T0 }]);
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
		expect(table.list(START, {}, 10).found).toEqual(
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

test("a row that replaces an unclaimed one has its own due time, also an earlier one", () =>
	inTable((table) => {
		table.store([delivery(3, T0 + DAY)]);
		table.store([delivery(4, T0)]);
		expect(claimed(table, T0)).toEqual([[4, T0]]);
	}));

describe("a waiting delivery that is tried at once", () => {
	test("is due now, and is sent as it is", () =>
		inTable((table) => {
			const row = delivery(3, T0 + DAY);
			table.store([row]);
			expect(table.deliveries.retry(KEY, T0)).toBe("quiet.event");
			expect(table.claim("deliveries", T0)).toEqual([{ ...row, dueAt: T0 }]);
		}));

	test.each([
		["unknown_handler", { unknownFor: DAY + 5 }, { unknownFor: 5 }],
		["unknown_handler", { unknownFor: 5 }, { unknownFor: 0 }],
		[
			"worker_unreachable",
			{ unknownFor: 9, unreachableFor: DAY + 5 },
			{ unknownFor: 9, unreachableFor: 5 },
		],
		["body_unreadable", { unknownFor: 9 }, { unknownFor: 9 }],
	])(
		"for %s with %j has waited %j, without the rest of its wait",
		(reason, planned, waited) =>
			inTable((table) => {
				// A number that JavaScript would change.
				const recordOf = (delivery: object) =>
					`{"v":1,"delivery":${JSON.stringify(delivery)},"body":12345678901234567890}`;
				const waiting = { state: "waiting", reason, at: T0 } as const;
				const record = recordOf(planned);
				table.store([delivery(3, T0 + DAY, { record, waiting })]);
				table.deliveries.retry(KEY, T0);
				expect(table.claim("deliveries", T0)).toMatchObject([
					{ dueAt: T0, record: recordOf(waited) },
				]);
			}),
	);

	test("that cannot be read is due now", () =>
		inTable((table) => {
			const reason = "unknown_handler";
			const waiting = { state: "waiting", reason, at: T0 } as const;
			table.store([delivery(3, T0 + DAY, { record: "{", waiting })]);
			expect(table.deliveries.retry(KEY, T0)).toBe("quiet.event");
			expect(table.nextDueAt("deliveries")).toBe(T0);
		}));

	test("is not delayed if it is overdue", () =>
		inTable((table) => {
			table.store([delivery(3, T0)]);
			expect(table.deliveries.retry(KEY, T0 + 9)).toBe("quiet.event");
			expect(table.nextDueAt("deliveries")).toBe(T0);
		}));

	test("is still replaced by a later version", () =>
		inTable((table) => {
			table.store([delivery(3, T0 + DAY)]);
			table.deliveries.retry(KEY, T0);
			const batch = table.claim("deliveries", T0);
			table.store([delivery(4, T0)]);
			table.settle("deliveries", batch);
			expect(claimed(table, T0 + 1)).toEqual([[4, T0 + 1]]);
		}));
});

// Settling a claim deletes the row with the due time of the claim. A row that was moved back to it would be lost.
test("a claimed delivery can be neither tried, nor cancelled, nor listed, even after a restart or a later version", () =>
	inTable((table, restarted) => {
		const isUntouchable = ({ deliveries }: ScheduleTable) => {
			expect(deliveries.retry(KEY, T0)).toBeNull();
			expect(deliveries.cancel(KEY, T0)).toBe(null);
		};
		table.store([delivery(3, T0)]);
		const batch = table.claim("deliveries", T0);
		for (const open of [table, restarted()]) {
			isUntouchable(open);
			expect(listed(open)).toEqual([]);
		}
		table.store([delivery(4, T0)]);
		isUntouchable(table);
		table.settle("deliveries", batch);
		expect(listed(table)).toMatchObject([{ version: 4, dueAt: T0 + 1 }]);
		expect(table.deliveries.retry(KEY, T0)).toBe("quiet.event");
		expect(claimed(table, T0)).toEqual([[4, T0]]);
	}));

test.each([
	["a whole event", row(T0, { id: "e" }), ""],
	[
		"a dead letter on its way to its store",
		delivery(3, T0, { waiting: undefined }),
		"h",
	],
])("%s is no waiting delivery", (_, stored, handler) =>
	inTable((table) => {
		table.store([stored]);
		expect(listed(table)).toEqual([]);
		expect(table.deliveries.retry({ id: "e", handler }, T0)).toBeNull();
		expect(table.deliveries.cancel({ id: "e", handler }, T0)).toBe(null);
		const kind = handler === "" ? "events" : "deliveries";
		expect(table.claim(kind, T0)).toHaveLength(1);
	}),
);

describe("a cancelled delivery", () => {
	const cancelled = (table: ScheduleTable) => {
		table.store([begunAt(T0 - DAY)]);
		const row = { name: "quiet.event", version: 3 };
		expect(table.deliveries.cancel(KEY, T0)).toEqual(row);
	};

	test("is neither listed, nor tried, nor cancelled again, nor sent", () =>
		inTable((table) => {
			cancelled(table);
			expect(listed(table)).toEqual([]);
			expect(table.deliveries.retry(KEY, T0)).toBeNull();
			expect(table.deliveries.cancel(KEY, T0)).toBe(null);
			expect(claimed(table, T0 + DAY - 1)).toEqual([]);
		}));

	test("that is of a replay is returned unchanged until its dead letter was released", () =>
		inTable((table) => {
			const version = 2 ** 32 + 2;
			table.store([delivery(version, T0 + DAY)]);
			const { deliveries } = table;
			const found = { name: "quiet.event", version };
			expect(deliveries.cancel(KEY, T0)).toEqual(found);
			expect(listed(table)).toMatchObject([{ version }]);
			expect(deliveries.cancel({ ...KEY, released: 1 }, T0)).toEqual(found);
			expect(listed(table)).toEqual([]);
		}));

	test("is not stored again by a duplicate for a day, even after a restart", () =>
		inTable((table, restarted) => {
			cancelled(table);
			for (const version of [2, 3, 4])
				restarted().store([begunAt(T0 - DAY, version)]);
			restarted().store([sentAt(T0 - 60_001)]);
			expect(listed(table)).toEqual([]);
			const [last, ...others] = table.claim("deliveries", T0 + DAY);
			expect([last, ...others]).toMatchObject([{ record: "" }]);
			table.store([begunAt(T0 - DAY, 3)]);
			table.settle("deliveries", [last as ScheduledRow]);
			expect(table.nextDueAt("deliveries")).toBe(null);
		}));

	test.each([
		["a delivery that was asked for later", begunAt(T0 + 1, 2), 2],
		["one whose clock is a minute behind", begunAt(T0 - 60_000, 2), 2],
		["one without an attempt, sent later", sentAt(T0 + 1), 1],
		["one of which neither is known", delivery(1, T0 + 2 * DAY), 1],
		["a later replay", begunAt(T0 + 1, 2 ** 32 + 2), 2 ** 32 + 2],
		["a replay that began before", begunAt(T0 - DAY, 2 ** 32), 2 ** 32],
		["a dead letter", delivery(9, T0, { waiting: undefined }), 9],
	])("is replaced by %s, which is not lost", (_, later, version) =>
		inTable((table) => {
			cancelled(table);
			table.store([later]);
			expect(claimed(table, T0 + 3 * DAY)).toEqual([[version, later.dueAt]]);
		}),
	);
});

test("a list of deliveries reads no records and at most 2 000 rows, and says where it stopped", () =>
	inTable((table, _, { sql }) => {
		const handlers = Array.from({ length: 2_500 }, (_, n) => `h-${n}`);
		table.store(handlers.map((handler, n) => delivery(2, T0 + n, { handler })));
		const exec = vi.spyOn(sql, "exec");
		const none = { text: "nothing has this" };
		const start = { dueAt: 0, id: "", handler: "" };
		const { found, end } = table.deliveries.list(start, none, 10);
		const [cursor] = exec.mock.results.map(({ value }) => value);
		expect(cursor.rowsRead).toBeLessThanOrEqual(2 * 2_000);
		expect(exec.mock.calls[0]?.[0]).not.toContain("record");
		expect({ found, end }).toMatchObject({
			found: [],
			end: { handler: "h-1999" },
		});
		expect(
			table.deliveries.list(end ?? start, { handler: "h-2*" }, 600),
		).toMatchObject({ found: { length: 500 } });
	}));

test("scheduled events are counted by the hour in which they are due, and deliveries are not", () =>
	inTable((table, _, { sql }) => {
		const hour = 3_600_000;
		table.store([
			...[0, 1, hour - 1, hour, 5 * hour].map((ms) => row(T0 + ms)),
			delivery(1, T0),
		]);
		expect(countByHour(sql, T0, T0 + 5 * hour)).toEqual({
			hours: [
				{ at: T0, count: 3 },
				{ at: T0 + hour, count: 1 },
			],
		});
		expect(countByHour(sql, T0 + 1, T0 + hour).hours).toEqual([
			{ at: T0, count: 2 },
		]);
	}));

test("at most 10 000 scheduled events are counted, from the index alone", () =>
	inTable((table, _, { sql }) => {
		const shared = { record: "{}" };
		table.store(
			Array.from({ length: 10_001 }, (_, n) =>
				row(T0 + n, { ...shared, id: `e${n}` }),
			),
		);
		const counted = countByHour(sql, T0, T0 + DAY);
		expect(counted).toEqual({
			hours: [{ at: T0, count: 10_000 }],
			countedUntil: T0 + 9_999,
		});
	}));

test("a delivery and an event are found by their keys while they wait", () =>
	inTable((table) => {
		table.store([delivery(3, T0 + DAY), row(T0, { id: "e2" })]);
		expect(table.deliveries.find(KEY)).toMatchObject({
			...KEY,
			version: 3,
			dueAt: T0 + DAY,
			waiting: { state: "retrying" },
		});
		expect(table.deliveries.find({ ...KEY, handler: "" })).toBeNull();
		expect(table.find("e2", "all")).toMatchObject({ id: "e2", dueAt: T0 });
		table.claim("deliveries", T0 + DAY);
		expect(table.deliveries.find(KEY)).toBeNull();
	}));
