/**
 * Sends due rows to a queue, batch by batch: claim, extend bodies, send, settle. It stores nothing itself, and it
 * must not settle a row before the queue has accepted its record.
 */
import pMap from "p-map";
import {
	CALL_CONCURRENCY,
	PAYLOAD_RETENTION,
	QUEUE_WAIT,
} from "../event/limits.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import { log } from "../platform/log.ts";
import type { PayloadStore, Ports } from "../ports.ts";

/** Whole events and deliveries have queues of their own, so one kind never waits for the other's queue. */
export const ROW_KINDS = ["events", "deliveries"] as const;

export type RowKind = (typeof ROW_KINDS)[number];

/** The rows of one shard. Each call is one durable step. */
interface ClaimableRows {
	/**
	 * Claims the due rows of a kind, at most one `sendBatch`; a claimed event cannot be cancelled. Returns an
	 * unsettled claim again, whatever else is due. Returns no rows if none is due.
	 */
	claim(kind: RowKind, now: number): ScheduledRow[];
	/** Deletes rows of a claim, except those that were moved since. Its other rows stay claimed. */
	settle(kind: RowKind, batch: readonly ScheduledRow[]): void;
	/** Epoch milliseconds; null without rows. */
	nextDueAt(kind: RowKind): number | null;
}

/** The queues of one flush. */
export interface FlushQueue {
	/**
	 * @param accepted is called with records as soon as a queue has accepted them
	 * @throws the error of a queue that accepted none of its records
	 */
	sendBatch(
		records: readonly string[],
		accepted: (records: readonly string[]) => void,
	): Promise<void>;
}

interface FlushPorts extends Pick<Ports, "clock" | "observe"> {
	queue: FlushQueue;
	payloads: Pick<PayloadStore, "extend">;
	/** @param ms milliseconds */
	pause(ms: number): Promise<void>;
}

/** Waits up to this many milliseconds for more due rows, because every batch costs one claim and one send. */
const COALESCE = 20;

/** A flush ends after this many milliseconds, because an alarm may run for 15 minutes. The next alarm goes on. */
const FLUSH_TIME = 5 * 60_000;

/**
 * Sends all due rows of a kind. A claim that was perhaps sent already is sent again: a duplicate is better than a
 * lost event.
 *
 * @throws the error of the queue; the rows that it did not accept stay claimed
 */
export async function flush(
	kind: RowKind,
	rows: ClaimableRows,
	ports: FlushPorts,
): Promise<void> {
	const deadline = ports.clock() + FLUSH_TIME;
	while (ports.clock() < deadline) {
		const batch = rows.claim(kind, ports.clock());
		if (batch.length === 0) return;
		await extendPayloads(batch, ports);
		// The row of a cancelled delivery has no record any more.
		const cancelled = batch.filter(({ record }) => record === "");
		const toSend = batch.filter(({ record }) => record !== "");
		if (toSend.length > 0)
			await ports.queue.sendBatch(
				toSend.map(({ record }) => record),
				(records) => {
					const accepted = new Set(records);
					const sent = toSend.filter(({ record }) => accepted.has(record));
					rows.settle(kind, sent);
					for (const row of sent) report(row, ports);
				},
			);
		if (cancelled.length > 0) rows.settle(kind, cancelled);
		const now = ports.clock();
		const next = rows.nextDueAt(kind);
		if (next === null || next > now + COALESCE) return;
		// The local runtime runs no timers, so delivers no messages, while an alarm runs without a pause.
		await ports.pause(next > now ? COALESCE : 0);
	}
}

/** A row whose body is stored apart. */
type LargeRow = ScheduledRow & { reference: string };

/**
 * Stores large bodies longer. A body is stored long enough for an event that is sent on time. A delivery may
 * be rescheduled any number of times. A body that cannot be extended must not stop the batch.
 */
async function extendPayloads(
	batch: readonly ScheduledRow[],
	{ payloads, clock }: FlushPorts,
): Promise<void> {
	const rows = batch.filter(
		({ handler, dueAt }) => handler !== "" || clock() - dueAt >= QUEUE_WAIT,
	);
	const large = rows.filter((row): row is LargeRow => row.reference !== null);
	const extend = async ({ id, handler, name, reference }: LargeRow) => {
		try {
			await payloads.extend(reference, clock() + PAYLOAD_RETENTION);
		} catch (error) {
			const ids = { event: id, name, ...(handler !== "" && { handler }) };
			log("body_extension_failed", { ...ids, reference, error });
		}
	};
	await pMap(large, extend, { concurrency: CALL_CONCURRENCY });
}

function report(row: ScheduledRow, { clock, observe }: FlushPorts): void {
	const { id, name: event, dueAt, handler, waiting } = row;
	// A dead letter, or the end of a replay: its delivery was reported when it ended.
	if (handler !== "" && !waiting) return;
	observe({
		type: "queued",
		at: clock(),
		id,
		event,
		dueAt,
		...(handler !== "" && { handler }),
	});
}
