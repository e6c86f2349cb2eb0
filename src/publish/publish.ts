/**
 * Step 1: give a stamped event to the queue or the scheduler, and answer only when one of them holds it.
 * It runs no handler and knows nothing of what comes after.
 */
import pMap from "p-map";
import { type Awaitable, andThen } from "../event/awaitable.ts";
import { bodyIn, referring } from "../event/encode.ts";
import { PartialPublishError, type Receipt } from "../event/errors.ts";
import { shardOf } from "../event/id.ts";
import {
	CALL_CONCURRENCY,
	INLINE_BYTES,
	METADATA_BYTES,
	PAYLOAD_KEPT,
} from "../event/limits.ts";
import type {
	ScheduledRow,
	ScheduledRowStore,
} from "../event/scheduled-row.ts";
import type { Observe } from "../event/transition.ts";
import { chunks } from "../platform/send-batch.ts";
import type { PublishRequest } from "./request.ts";
import { type StampedEvent, type Stamping, stamp, stampAll } from "./stamp.ts";

/** A queue, taking records as text. Rejects when it does not hold them. */
export interface MessageQueue {
	send(record: string): Promise<void>;
	/** At most what `chunks` puts into one batch. */
	sendBatch(records: readonly string[]): Promise<void>;
}

/** Keeps bodies too large for a message. */
export interface PayloadKeeper {
	put(key: string, text: string, until: number): Promise<void>;
}

export interface Publishing extends Stamping {
	events: MessageQueue;
	scheduler: ScheduledRowStore;
	payloads: PayloadKeeper;
	observe: Observe;
}

/**
 * Publishes one event.
 *
 * @throws RefusedError for what cannot be accepted, UnavailableError when queue or scheduler cannot take it now
 */
export async function publish(
	request: PublishRequest,
	ports: Publishing,
): Promise<Receipt> {
	return publishStamped(await stamp(request, ports.clock(), ports), ports);
}

/** @throws UnavailableError when queue or scheduler cannot take it now */
export async function publishStamped(
	stamped: StampedEvent,
	ports: Publishing,
): Promise<Receipt> {
	const { dueAt, lane } = stamped;
	const placed = await placeBody(stamped, ports);
	if (dueAt === undefined) await queueFor(lane, ports).send(placed.record);
	else await ports.scheduler.store([rowOf(stamped, placed)]);
	report(stamped, ports.observe);
	return receiptOf(stamped);
}

/**
 * Publishes up to 1 000 events or 10 MB, all or none of them valid.
 *
 * @throws RefusedError with the `index` of the first that is not valid; PartialPublishError when some or all were not taken
 */
export async function publishBatch(
	requests: readonly PublishRequest[],
	ports: Publishing,
): Promise<Receipt[]> {
	const batch = await stampAll(requests, ports);
	const faults = new Map<StampedEvent, unknown>();
	const sends = sendsOf(batch);
	// Nearly always it is one, which needs no pool.
	if (sends.length > 1)
		await pMap(sends, (send) => trySend(send, faults, ports), {
			concurrency: CALL_CONCURRENCY,
		});
	else for (const send of sends) await trySend(send, faults, ports);
	if (faults.size === 0) return batch.map(receiptOf);
	const [cause] = faults.values();
	throw new PartialPublishError(
		batch.map((event) => (faults.has(event) ? null : receiptOf(event))),
		{ cause },
	);
}

/** Its lane was checked at the door. */
function queueFor(
	lane: string | undefined,
	{ events, lanes }: Publishing,
): MessageQueue {
	return lane === undefined ? events : (lanes.get(lane)?.events ?? events);
}

/** What is sent or held of an event. */
interface Placed {
	record: string;
	/** Where its body is kept; absent where it is in the record. */
	reference?: string;
}

/** A large body is kept before the record that refers to it is sent. */
async function placeBody(
	stamped: StampedEvent,
	{ payloads }: Publishing,
): Promise<Placed> {
	const { id: reference, bytes, time, dueAt = time } = stamped;
	if (bytes <= INLINE_BYTES) return stamped;
	await payloads.put(reference, bodyIn(stamped), dueAt + PAYLOAD_KEPT);
	return { record: referring(stamped, reference), reference };
}

interface Send {
	events: readonly StampedEvent[];
	send(events: readonly StampedEvent[], ports: Publishing): Awaitable<void>;
}

/** Keeps what went wrong with each event; never rejects. */
async function trySend(
	{ events, send }: Send,
	faults: Map<StampedEvent, unknown>,
	ports: Publishing,
): Promise<void> {
	try {
		await send(events, ports);
		for (const event of events) report(event, ports.observe);
	} catch (error) {
		for (const event of events) faults.set(event, error);
	}
}

/** What a batch comes to: one send for each chunk of a lane's events, one for each shard of those that are not due. */
function sendsOf(batch: readonly StampedEvent[]): Send[] {
	return [...Map.groupBy(batch, wayOf)].flatMap(([way, events]) =>
		typeof way === "number"
			? [{ events, send: holdAll }]
			: chunks(events, bytesInMessage).map((events) => ({
					events,
					send: sendNow,
				})),
	);
}

/** The shard of what is not due yet, else the lane. */
type Way = number | string | undefined;

function wayOf({ id, dueAt, lane }: StampedEvent): Way {
	return dueAt === undefined ? lane : (shardOf(id) ?? 0);
}

function bytesInMessage({ bytes }: StampedEvent): number {
	return Math.min(bytes, INLINE_BYTES) + METADATA_BYTES;
}

/** Of one lane. */
function sendNow(
	events: readonly StampedEvent[],
	ports: Publishing,
): Awaitable<void> {
	const records = placed(events, ports, (_, { record }) => record);
	const queue = queueFor(events[0]?.lane, ports);
	return andThen(records, (records) => queue.sendBatch(records));
}

/** In one shard. */
function holdAll(
	events: readonly StampedEvent[],
	ports: Publishing,
): Awaitable<void> {
	const rows = placed(events, ports, rowOf);
	return andThen(rows, (rows) => ports.scheduler.store(rows));
}

/** Keeps the large bodies of some events, and makes of each event what is to be held. */
function placed<Result>(
	events: readonly StampedEvent[],
	ports: Publishing,
	make: (event: StampedEvent, placed: Placed) => Result,
): Awaitable<Result[]> {
	// Nearly always, and there is nothing to wait for.
	if (events.every(({ bytes }) => bytes <= INLINE_BYTES))
		return events.map((event) => make(event, event));
	return pMap(
		events,
		async (event) => make(event, await placeBody(event, ports)),
		{ concurrency: CALL_CONCURRENCY },
	);
}

/** Of one that is scheduled. */
function rowOf(
	{ id, name, dueAt }: StampedEvent,
	{ record, reference }: Placed,
): ScheduledRow {
	return {
		id,
		handler: "",
		name,
		dueAt: dueAt as number,
		version: 0,
		reference: reference ?? null,
		record,
	};
}

function receiptOf({ id, time, delay }: StampedEvent): Receipt {
	return { id, time, delay };
}

function report(
	{ id, name: event, time: at, dueAt }: StampedEvent,
	observe: Observe,
): void {
	if (dueAt === undefined) observe({ type: "published", at, id, event });
	else observe({ type: "scheduled", at, id, event, dueAt });
}
