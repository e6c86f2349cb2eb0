/** Rows of the scheduler, the order of their versions, and scheduled events as callers see them. It stores none. */
import type { EventHead } from "./envelope.ts";

/** A record with a due time: a whole event, or one delivery with a long wait before its retry. */
export interface ScheduledRow {
	/** The event's id. */
	id: string;
	/** The handler's id; empty for a whole event. */
	handler: string;
	/** The event's name. */
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** Version of the delivery, see `versionOf`; 0 for a whole event. */
	version: number;
	/** The key of the stored body, or null if the record contains the body. */
	reference: string | null;
	record: string;
}

/** More than the attempts of a delivery, which are at most one per second for a year. */
const CHAIN = 2 ** 32;

/**
 * Returns the version of a delivery, ordered by (replay, attempt). The scheduler never overwrites a row with a lower
 * version, so a duplicate cannot replace a later replay.
 */
export function versionOf({
	attempt,
	replay = 0,
}: {
	attempt: number;
	replay?: number;
}): number {
	return replay * CHAIN + attempt;
}

/** A scheduled event in a list. */
export interface ListedEvent extends EventHead {
	/** Epoch milliseconds. */
	dueAt: number;
}

export interface ScheduledEvent extends ListedEvent {
	/** The key of a body that is stored apart from the record, or null. */
	reference: string | null;
}

export interface ScheduledQuery {
	/** 1 to 1 000; default 100. */
	limit?: number | undefined;
	/** The `cursor` of the page before. */
	cursor?: string | undefined;
}

export interface ScheduledPage {
	scheduled: ListedEvent[];
	/** Absent on the last page. */
	cursor?: string;
}

/** `"gone"` if the event is not scheduled any more. A claimed event is gone too. */
export type MoveResult = ScheduledEvent | "gone" | "forbidden";
