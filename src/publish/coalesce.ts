/**
 * Coalesces the sends of one request into one call, by microtasks alone. It does no I/O while it waits: microtasks of
 * one request end before another request runs, so requests share nothing.
 */
import { shardOf } from "../event/id.ts";
import { byteLength } from "../event/json.ts";
import {
	CALL_BYTES,
	CALL_EVENTS,
	SEND_BATCH_BYTES,
	SEND_BATCH_MESSAGES,
} from "../event/limits.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import type { Queues, RecordQueue } from "../platform/queues.ts";
import { messageBytes } from "../platform/send-batch.ts";
import type { Scheduler } from "../ports.ts";
import {
	isDueSoon,
	type RetryPorts,
	retryingQueue,
	retryingScheduler,
} from "./retry-send.ts";

/**
 * A batch is sent after this many microtasks without a new caller. Concurrent publishes arrive some microtasks apart,
 * because only some of them have a schema.
 */
const QUIET_MICROTASKS = 16;

/**
 * No caller joins a batch older than this, in milliseconds. If the platform cancels a request, its microtasks never
 * run, and its open batch is never sent.
 */
const ABANDONED_AFTER = 1_000;

interface Size {
	count: number;
	bytes: number;
}

interface Batch<Item> {
	items: Item[];
	room: Size;
	openedAt: number;
	sent: PromiseWithResolvers<void>;
}

/**
 * Makes one call of concurrent ones. Each caller gets the result of the call that contains its item.
 *
 * @param limit of one call; an item larger than that is sent alone
 */
export function coalesce<Item>(
	send: (items: readonly Item[]) => Promise<void>,
	sizeOf: (item: Item) => Size,
	limit: Size,
	clock: () => number,
): (item: Item) => Promise<void> {
	let open: Batch<Item> | undefined;

	return async (item) => {
		const size = sizeOf(item);
		if (!open || !hasRoom(open, size, clock())) open = newBatch();
		const batch = open;
		batch.room.count -= size.count;
		batch.room.bytes -= size.bytes;
		const length = batch.items.push(item);
		const isLast = () => batch.items.length === length;
		// The last caller sends, so that no caller depends on the microtasks of another request.
		for (let i = 0; i < QUIET_MICROTASKS && isLast(); i++) await undefined;
		if (isLast()) {
			if (open === batch) open = undefined;
			batch.sent.resolve(send(batch.items));
		}
		return batch.sent.promise;
	};

	function newBatch(): Batch<Item> {
		return {
			items: [],
			room: { ...limit },
			openedAt: clock(),
			sent: Promise.withResolvers(),
		};
	}
}

function hasRoom(
	{ room, openedAt }: Batch<unknown>,
	{ count, bytes }: Size,
	now: number,
): boolean {
	return (
		count <= room.count &&
		bytes <= room.bytes &&
		now - openedAt < ABANDONED_AFTER
	);
}

/** Returns queues whose `send` of events coalesces, up to one `sendBatch`, and retries; each lane separately. */
export function coalescingQueues(queues: Queues, ports: RetryPorts): Queues {
	const byLane = new Map<string | undefined, RecordQueue>();
	return {
		...queues,
		events(lane) {
			const queue =
				byLane.get(lane) ?? coalescingQueue(queues.events(lane), ports);
			byLane.set(lane, queue);
			return queue;
		},
	};
}

/** Only sends without a delay coalesce: publishing has no other. */
function coalescingQueue(queue: RecordQueue, ports: RetryPorts): RecordQueue {
	const { send, sendBatch } = retryingQueue(queue, ports);
	return {
		send: coalesce<string>(
			(records) => {
				const [first, ...rest] = records as [string, ...string[]];
				return rest.length === 0 ? send(first) : sendBatch(records);
			},
			(record) => ({ count: 1, bytes: messageBytes(record) }),
			{ count: SEND_BATCH_MESSAGES, bytes: SEND_BATCH_BYTES },
			ports.clock,
		),
		sendBatch,
	};
}

/** Returns a scheduler that coalesces the rows of one shard, up to one `publishBatch`, and retries. */
export function coalescingScheduler(
	scheduler: Scheduler,
	ports: RetryPorts,
): Scheduler {
	const retrying = retryingScheduler(scheduler, ports);
	const stores = new Map<string, Scheduler["store"]>();
	const storeOf = (key: string) => {
		const store =
			stores.get(key) ??
			coalesce<readonly ScheduledRow[]>(
				(calls) => retrying.store(calls.flat()),
				(rows) => ({
					count: rows.length,
					bytes: rows.reduce((sum, { record }) => sum + byteLength(record), 0),
				}),
				{ count: CALL_EVENTS, bytes: CALL_BYTES },
				ports.clock,
			);
		stores.set(key, store);
		return store;
	};
	return {
		...retrying,
		async store(rows) {
			const [first] = rows;
			if (!first) return;
			// Rows that are due soon are not retried, and must not exclude other rows from a retry.
			const soon = isDueSoon(rows, ports.clock());
			await storeOf(`${shardOf(first.id) ?? 0} ${soon}`)(rows);
		},
	};
}
