/** Reads the rows of the table `scheduled`. It has no SQL. */
import { timeOf } from "../event/id.ts";
import type {
	MoveResult,
	ScheduledEvent,
	ScheduledRow,
} from "../event/scheduled-row.ts";
import { log } from "../platform/log.ts";

/** A row of the table `scheduled` as SQLite returns it. */
export type SqlRow = Omit<ScheduledRow, "dueAt" | "waiting"> & {
	due_at: number;
	/** JSON text. */
	waiting: string | null;
} & Record<string, SqlStorageValue>;

/** An event of a list, without its record. */
export type ListedRow = {
	id: string;
	name: string;
	due_at: number;
	/** The time and the tags as JSON text; null if the record cannot be read. */
	head: string | null;
};

export function rowOf({
	due_at: dueAt,
	waiting,
	...row
}: SqlRow): ScheduledRow {
	const { id, handler, name, version, reference, record } = row;
	return {
		id,
		handler,
		name,
		dueAt,
		version,
		reference,
		record,
		...(waiting !== null && { waiting: JSON.parse(waiting) }),
	};
}

export function eventOf(row: SqlRow): Exclude<MoveResult, string> {
	const { id, name, due_at: dueAt, reference, record } = row;
	try {
		const { time, delay, tags } = JSON.parse(record);
		const event = { id, name, time, delay, dueAt, reference };
		return tags ? { ...event, tags } : event;
	} catch {
		return { ...unreadable(id, name, dueAt), reference };
	}
}

export function listedEvent(row: ListedRow): ScheduledEvent {
	const { id, name, due_at: dueAt, head } = row;
	const [time, tags] = JSON.parse(head ?? "[]");
	if (typeof time !== "number") return unreadable(id, name, dueAt);
	const event = { id, name, time, delay: dueAt - time, dueAt };
	return tags ? { ...event, tags } : event;
}

/** One record that cannot be read must not hide the other events of a list, and can still be cancelled. */
function unreadable(id: string, name: string, dueAt: number): ScheduledEvent {
	log("row_unreadable", { event: id, name });
	const time = timeOf(id) ?? dueAt;
	return { id, name, time, delay: dueAt - time, dueAt };
}
