/**
 * Gathers what is sent within one turn of a request into one call, by microtasks alone. A turn ends only when no
 * microtask is left, so nothing waits here across I/O, and nothing is shared with another request.
 */

import { shardOf } from "../event/id.ts";
import { byteLength } from "../event/json.ts";
import {
	CALL_BYTES,
	CALL_EVENTS,
	SEND_BATCH_BYTES,
	SEND_BATCH_MESSAGES,
} from "../event/limits.ts";
import type { Lanes, RecordQueue } from "../platform/lane.ts";
import { messageBytes } from "../platform/send-batch.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { MessageQueue } from "./publish.ts";
import {
	isDueSoon,
	type Resending,
	retryingQueue,
	retryingScheduler,
} from "./retry-send.ts";

/**
 * So many microtasks long nobody must have come before a gathering is sent. Publishes that are begun together come
 * some microtasks apart: one has a schema to be checked by, the other none.
 */
const HOPS = 16;

/** A turn that the platform cuts off drops its microtasks, and leaves what it gathered: after this long, in milliseconds, nobody joins that. */
const LEFT_BEHIND = 1_000;

interface Size {
	count: number;
	bytes: number;
}

interface Gathering<Item> {
	items: Item[];
	room: Size;
	openedAt: number;
	taken: PromiseWithResolvers<void>;
}

/**
 * One call for what comes together; each caller is answered as the call that took its item.
 *
 * @param most of one call, except that an item larger than that goes alone
 */
export function coalesce<Item>(
	take: (items: readonly Item[]) => Promise<void>,
	sizeOf: (item: Item) => Size,
	most: Size,
	clock: () => number,
): (item: Item) => Promise<void> {
	let open: Gathering<Item> | undefined;

	return async (item) => {
		const { count, bytes } = sizeOf(item);
		if (!open || !hasRoom(open, count, bytes, clock())) open = begun();
		const joined = open;
		joined.room.count -= count;
		joined.room.bytes -= bytes;
		const place = joined.items.push(item);
		// The last one to come sends it: then nobody depends on the microtasks of another.
		for (let hop = 0; hop < HOPS && joined.items.length === place; hop++)
			await undefined;
		if (joined.items.length === place) {
			if (open === joined) open = undefined;
			joined.taken.resolve(take(joined.items));
		}
		return joined.taken.promise;
	};

	function begun(): Gathering<Item> {
		return {
			items: [],
			room: { ...most },
			openedAt: clock(),
			taken: Promise.withResolvers(),
		};
	}
}

function hasRoom(
	{ room, openedAt }: Gathering<unknown>,
	count: number,
	bytes: number,
	now: number,
): boolean {
	return (
		count <= room.count && bytes <= room.bytes && now - openedAt < LEFT_BEHIND
	);
}

/** A queue for the doors: its sends, which have no delay, are gathered up to what one `sendBatch` takes. */
export function coalescingQueue<Queue extends MessageQueue>(
	queue: Queue,
	ports: Resending,
): Queue {
	const { send, sendBatch } = retryingQueue(queue, ports);
	return {
		...queue,
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

/** The lanes for the doors, each by itself. */
export function coalescingLanes(lanes: Lanes, ports: Resending): Lanes {
	const gathering = new Map<string, RecordQueue>();
	return {
		keys: () => lanes.keys(),
		get(name) {
			const lane = lanes.get(name);
			if (!lane) return undefined;
			const events = gathering.get(name) ?? coalescingQueue(lane.events, ports);
			gathering.set(name, events);
			return { ...lane, events };
		},
	};
}

/** The scheduler for the doors: what one shard is to hold is gathered, up to what a `publishBatch` may have. */
export function coalescingScheduler(
	schedule: Schedule,
	ports: Resending,
): Schedule {
	const resending = retryingScheduler(schedule, ports);
	const gatherings = new Map<string, Schedule["store"]>();
	const gatheringOf = (key: string) => {
		const store =
			gatherings.get(key) ??
			coalesce<Parameters<Schedule["store"]>[0]>(
				(calls) => resending.store(calls.flat()),
				(rows) => ({
					count: rows.length,
					bytes: rows.reduce((sum, { record }) => sum + byteLength(record), 0),
				}),
				{ count: CALL_EVENTS, bytes: CALL_BYTES },
				ports.clock,
			);
		gatherings.set(key, store);
		return store;
	};
	return {
		...resending,
		async store(rows) {
			const [first] = rows;
			if (!first) return;
			// What may not be sent twice must not keep the rest from it.
			const soon = isDueSoon(rows, ports.clock());
			await gatheringOf(`${shardOf(first.id) ?? 0} ${soon}`)(rows);
		},
	};
}
