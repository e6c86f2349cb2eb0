/**
 * Step 1: give a stamped event to the queue or the scheduler, and answer only when one of them holds it.
 * It runs no handler and knows nothing of what comes after.
 */
import pMap from "p-map";
import { chunks } from "./contract/chunk.ts";
import { type Body, type EventHead, encodeEvent } from "./contract/envelope.ts";
import { PartialPublishError, type Receipt } from "./contract/errors.ts";
import type { Held, Hold } from "./contract/held.ts";
import { shardOf } from "./contract/id.ts";
import {
	CALL_CONCURRENCY,
	INLINE_BYTES,
	PAYLOAD_KEPT,
} from "./contract/limits.ts";
import type { PublishRequest } from "./contract/request.ts";
import type { Observe } from "./contract/transition.ts";
import { type Stamped, type Stamping, stamp, stampAll } from "./stamp.ts";

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
	scheduler: Hold;
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
	stamped: Stamped,
	ports: Publishing,
): Promise<Receipt> {
	const { head, dueAt, lane } = stamped;
	const body = await placeBody(stamped, ports);
	if (dueAt === undefined)
		await queueFor(lane, ports).send(recordOf(stamped, body));
	else await ports.scheduler.hold([rowOf(stamped, body, dueAt)]);
	report(stamped, ports.observe);
	return receiptOf(head);
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
	const receipts: (Receipt | null)[] = batch.map(() => null);
	const faults: unknown[] = [];
	await pMap(
		sends(batch),
		async ({ indexes, send }) => {
			try {
				await send(ports);
				for (const index of indexes) {
					const stamped = batch[index] as Stamped;
					receipts[index] = receiptOf(stamped.head);
					report(stamped, ports.observe);
				}
			} catch (error) {
				faults.push(error);
			}
		},
		{ concurrency: CALL_CONCURRENCY },
	);
	if (faults.length > 0)
		throw new PartialPublishError(receipts, { cause: faults[0] });
	return receipts as Receipt[];
}

/** Its lane was checked at the door. */
function queueFor(
	lane: string | undefined,
	{ events, lanes }: Publishing,
): MessageQueue {
	return lane === undefined ? events : (lanes.get(lane)?.events ?? events);
}

/** A large body is kept before the record that refers to it is sent. */
async function placeBody(
	{ head, text, bytes, dueAt = head.time }: Stamped,
	{ payloads }: Publishing,
): Promise<Body> {
	if (bytes <= INLINE_BYTES) return { text };
	await payloads.put(head.id, text, dueAt + PAYLOAD_KEPT);
	return { reference: head.id };
}

interface Send {
	indexes: number[];
	send(ports: Publishing): Promise<void>;
}

/** What a batch comes to: one send for each chunk of a lane's events, one for each shard of those that are not due. */
function sends(batch: readonly Stamped[]): Send[] {
	const at = (index: number) => batch[index] as Stamped;
	const isLater = (index: number) => at(index).dueAt !== undefined;
	const indexes = [...batch.keys()];
	const now = indexes.filter((index) => !isLater(index));
	const later = indexes.filter(isLater);
	const inMessage = (index: number) =>
		Math.min(at(index).bytes, INLINE_BYTES) + 100;
	const byShard = Map.groupBy(later, (index) => shardOf(at(index).head.id));
	const byLane = Map.groupBy(now, (index) => at(index).lane);
	return [
		...[...byLane].flatMap(([lane, indexes]) =>
			chunks(indexes, inMessage).map((indexes) => ({
				indexes,
				send: async (ports: Publishing) =>
					queueFor(lane, ports).sendBatch(
						await placed(indexes.map(at), ports, recordOf),
					),
			})),
		),
		...[...byShard.values()].map((indexes) => ({
			indexes,
			send: async (ports: Publishing) =>
				ports.scheduler.hold(
					await placed(indexes.map(at), ports, (event, body) =>
						rowOf(event, body, event.dueAt as number),
					),
				),
		})),
	];
}

/** Keeps the large bodies of some events, and makes of each event what is to be held. */
async function placed<Result>(
	events: readonly Stamped[],
	ports: Publishing,
	make: (event: Stamped, body: Body) => Result,
): Promise<Result[]> {
	// Nearly always, and there is nothing to wait for.
	if (events.every(({ bytes }) => bytes <= INLINE_BYTES))
		return events.map((event) => make(event, event));
	return pMap(
		events,
		async (event) => make(event, await placeBody(event, ports)),
		{ concurrency: CALL_CONCURRENCY },
	);
}

function recordOf({ head, lane }: Stamped, body: Body): string {
	return encodeEvent(head, body, { ...(lane !== undefined && { lane }) });
}

function rowOf(event: Stamped, body: Body, dueAt: number): Held {
	const { head } = event;
	return {
		id: head.id,
		handler: "",
		name: head.name,
		dueAt,
		attempt: 0,
		reference: "reference" in body ? body.reference : null,
		record: recordOf(event, body),
	};
}

function receiptOf({ id, time, delay }: EventHead): Receipt {
	return { id, time, delay };
}

function report({ head, dueAt }: Stamped, observe: Observe): void {
	const { id, name: event, time: at } = head;
	if (dueAt === undefined) observe({ type: "published", at, id, event });
	else observe({ type: "scheduled", at, id, event, dueAt });
}
