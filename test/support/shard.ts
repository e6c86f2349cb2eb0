/** One shard of the scheduler, with access to its rows. */

import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Scheduler } from "../../src/schedule/scheduler-object.ts";

type Stub = DurableObjectStub<Scheduler>;

export function shardNamed(name: string): Stub {
	const { Scheduler: namespace } = exports as unknown as {
		Scheduler: DurableObjectNamespace<Scheduler>;
	};
	return namespace.getByName(name);
}

/** A row of a whole event, due at a time; or of one delivery of it. */
export function row(
	dueAt: number,
	changes: Partial<ScheduledRow> = {},
): ScheduledRow {
	const time = dueAt - 1_000;
	const id = changes.id ?? newId(time, 1);
	const head = { id, name: "quiet.event", time, delay: dueAt - time };
	return {
		id,
		handler: "",
		name: head.name,
		dueAt,
		version: 0,
		reference: null,
		record: encodeEvent(head, { text: '{"n":1}' }),
		...changes,
	};
}

export function rowsOf(stub: Stub): Promise<Record<string, SqlStorageValue>[]> {
	return runInDurableObject(stub, (_, { storage }) =>
		storage.sql.exec("SELECT * FROM scheduled ORDER BY due_at").toArray(),
	);
}

export function alarmOf(stub: Stub): Promise<number | null> {
	return runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
}

/** Rows written while `act` runs, counted by SQLite's own cursor and by `setAlarm` and `deleteAlarm`, one each. */
export async function rowsWrittenBy(
	stub: Stub,
	act: () => Promise<unknown>,
): Promise<number> {
	let rows = 0;
	await runInDurableObject(stub, (_, { storage }) => {
		const { sql } = storage;
		const exec = sql.exec.bind(sql);
		sql.exec = ((...args: Parameters<typeof exec>) => {
			const cursor = exec(...args);
			// A cursor counts as it is read; statements that write have written when exec returns.
			rows += cursor.rowsWritten;
			return cursor;
		}) as typeof sql.exec;
		const { setAlarm, deleteAlarm } = storage;
		storage.setAlarm = (...args) => {
			rows++;
			return setAlarm.apply(storage, args);
		};
		storage.deleteAlarm = (...args) => {
			rows++;
			return deleteAlarm.apply(storage, args);
		};
	});
	await act();
	return rows;
}
