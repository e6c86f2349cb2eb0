/**
 * Step 2: hold an event until it is due, cancel it, move it, hand it over. It decides; an object keeps
 * the rows. A row leaves only after the queue has taken its record.
 */
import pMap from "p-map";
import { dueTime } from "../event/after.ts";
import type { Envelope, EventHead } from "../event/envelope.ts";
import type { Receipt } from "../event/errors.ts";
import { CALL_CONCURRENCY, PAYLOAD_KEPT, QUEUE_WAIT } from "../event/limits.ts";
import {
	forbiddenMove,
	OWNER,
	type PublishPermission,
	type Requester,
} from "../event/permission.ts";
import type { Hold, ScheduledRow } from "../event/scheduled-row.ts";
import type { Observe } from "../event/transition.ts";

/** A scheduled event as a list shows it. */
export interface ListedEvent extends EventHead {
	dueAt: number;
}

export interface ScheduledEvent extends ListedEvent {
	/** The key of a body that travels by reference. */
	reference: string | null;
}

export interface ScheduledQuery {
	/** At most this many, 1 to 1 000; default 100. */
	limit?: number | undefined;
	/** The `cursor` of the page before. */
	cursor?: string | undefined;
}

export interface ScheduledPage {
	scheduled: ListedEvent[];
	/** Leads to the next page; absent on the last. */
	cursor?: string;
}

/** What came of moving an event: `"gone"` when it is not scheduled any more, a claimed one included. */
export type MoveResult = ScheduledEvent | "gone" | "forbidden";

export interface Schedule extends Hold {
	cancel(id: string, right: PublishPermission): Promise<MoveResult>;
	reschedule(
		id: string,
		dueAt: number,
		right: PublishPermission,
	): Promise<MoveResult>;
	list(query: ScheduledQuery): Promise<ScheduledPage>;
	/** Sets alarms that went missing; tells the earliest due time, in epoch milliseconds. */
	watch(): Promise<{ nextDueAt: number | null }>;
}

export interface Rescheduling {
	scheduler: Schedule;
	clock(): number;
	observe: Observe;
}

/**
 * Takes a scheduled event back. False when it is not scheduled, or not any more.
 *
 * @throws ForbiddenError
 */
export async function cancel(
	id: string,
	{ scheduler, clock, observe }: Rescheduling,
	by = OWNER,
): Promise<boolean> {
	checkMover(by);
	const cancelled = movedBy(by, await scheduler.cancel(id, by.permission));
	if (!cancelled) return false;
	observe({ type: "cancelled", at: clock(), id, event: cancelled.name });
	return true;
}

/**
 * Moves a scheduled event. False when it is not scheduled, or not any more.
 *
 * @param after counts from now
 * @throws RefusedError `invalid_after`, ForbiddenError
 */
export async function reschedule(
	id: string,
	after: unknown,
	{ scheduler, clock, observe }: Rescheduling,
	by = OWNER,
): Promise<Receipt | false> {
	checkMover(by);
	const at = clock();
	const dueAt = dueTime(after, at);
	const moved = movedBy(
		by,
		await scheduler.reschedule(id, dueAt, by.permission),
	);
	if (!moved) return false;
	observe({ type: "rescheduled", at, id, event: moved.name, dueAt });
	return { id, time: moved.time, delay: moved.delay };
}

/** Who may publish nothing learns nothing, not even whether there is such an event. */
function checkMover(by: Requester): void {
	if (by.permission.length === 0) throw forbiddenMove(by);
}

function movedBy(by: Requester, moved: MoveResult): ScheduledEvent | undefined {
	switch (moved) {
		case "forbidden":
			throw forbiddenMove(by);
		case "gone":
			return undefined;
		default:
			return moved;
	}
}

/** The record of an event that is due at another time. */
export function movedTo(record: string, dueAt: number): string {
	const envelope = JSON.parse(record) as Envelope;
	return JSON.stringify({ ...envelope, delay: dueAt - envelope.time });
}

/** Whole events and deliveries go to queues of their own, and neither waits for the other's. */
export const ROW_KINDS = ["events", "deliveries"] as const;

export type RowKind = (typeof ROW_KINDS)[number];

/** What an object keeps. Each call is one durable step. */
export interface ScheduleRows {
	/** An event as it waits, for those who may publish it. */
	find(id: string, right: PublishPermission): MoveResult;
	reschedule(id: string, dueAt: number, right: PublishPermission): MoveResult;
	/**
	 * The batch to send, marked so that nobody can cancel it any more: the one that an earlier hand-over
	 * claimed and did not settle, else what is due. All of one kind, within a `sendBatch`; empty when none is due.
	 */
	claim(kind: RowKind, now: number): ScheduledRow[];
	/** The queue has taken the batch: removes its rows, but not one that was moved on since, and the mark. */
	settle(kind: RowKind, batch: readonly ScheduledRow[]): void;
	/** Epoch milliseconds; null when none waits. */
	nextDueAt(kind: RowKind): number | null;
}

/**
 * Moves an event whose large body is kept for its new time before its row says so.
 *
 * @throws whatever keeps the body; the event stays as it was
 */
export async function move(
	id: string,
	dueAt: number,
	right: PublishPermission,
	rows: Pick<ScheduleRows, "find" | "reschedule">,
	{ payloads }: Pick<Flushing, "payloads">,
): Promise<MoveResult> {
	const found = rows.find(id, right);
	if (typeof found === "object" && found.reference !== null)
		await payloads.keep(found.reference, dueAt + PAYLOAD_KEPT);
	return rows.reschedule(id, dueAt, right);
}

export interface Flushing {
	queue: { sendBatch(records: readonly string[]): Promise<void> };
	payloads: { keep(key: string, until: number): Promise<void> };
	clock(): number;
	/** @param ms milliseconds */
	pause(ms: number): Promise<void>;
	observe: Observe;
}

/** What falls due within so many milliseconds of a batch shares the next one: each costs a claim and a send. */
const TOGETHER = 20;

/** A hand-over lets the alarm go after this long, in milliseconds; the next alarm goes on. */
const HAND_OVER_TIME = 5 * 60_000;

/**
 * Hands over all of one kind that is due, batch by batch. A batch that was claimed and perhaps sent is sent
 * again: an event may come twice, never not at all.
 *
 * @throws whatever the queue throws; the batch stays claimed
 */
export async function flush(
	kind: RowKind,
	rows: ScheduleRows,
	ports: Flushing,
): Promise<void> {
	const until = ports.clock() + HAND_OVER_TIME;
	while (ports.clock() < until) {
		const batch = rows.claim(kind, ports.clock());
		if (batch.length === 0) return;
		await keepPayloads(batch, ports);
		await ports.queue.sendBatch(batch.map(({ record }) => record));
		rows.settle(kind, batch);
		for (const row of batch) report(row, ports);
		const now = ports.clock();
		const next = rows.nextDueAt(kind);
		if (next === null || next > now + TOGETHER) return;
		// Not without a pause: the local runtime fires no timer, so delivers nothing, as long as an alarm goes on.
		await ports.pause(next > now ? TOGETHER : 0);
	}
}

/**
 * An event's body is kept from its due time on already, so that only one which comes late needs more; a delivery's
 * is not where it waits anew and anew. One that cannot be kept longer holds nothing up.
 */
async function keepPayloads(
	batch: readonly ScheduledRow[],
	{ payloads, clock }: Flushing,
): Promise<void> {
	const keys = batch.flatMap(({ reference, handler, dueAt }) => {
		const isKept = handler === "" && clock() - dueAt < QUEUE_WAIT;
		return isKept ? [] : (reference ?? []);
	});
	await pMap(
		keys,
		(key) =>
			payloads
				.keep(key, clock() + PAYLOAD_KEPT)
				.catch((error) =>
					console.error(`tidings: the body ${key} was not kept longer`, error),
				),
		{ concurrency: CALL_CONCURRENCY },
	);
}

function report(row: ScheduledRow, { clock, observe }: Flushing): void {
	const { id, name: event, dueAt, handler } = row;
	observe({
		type: "queued",
		at: clock(),
		id,
		event,
		dueAt,
		...(handler !== "" && { handler }),
	});
}
