/** Combines the shards of the scheduler. An event's id names its shard. It must not know how a shard stores rows. */

import { shardOf } from "../event/id.ts";
import type {
	DeliveryPosition,
	ScheduledEvent,
} from "../event/scheduled-row.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import { objectPort } from "../platform/bindings.ts";
import type { Scheduler } from "../ports.ts";

/** One Durable Object. */
interface SchedulerShard extends Omit<Scheduler, "list"> {
	/** @param after the due time and id of the last event of the page before */
	list(
		after: [dueAt: number, id: string],
		limit: number,
	): Promise<ScheduledEvent[]>;
}

/** @param shards how many shards are listed and watched */
function schedulerOf(
	shards: number,
	shardAt: (shard: number) => SchedulerShard,
): Scheduler {
	const all = Array.from({ length: shards }, (_, shard) => shard);
	const shardFor = (id: string): SchedulerShard | undefined => {
		const shard = shardOf(id);
		return shard === undefined ? undefined : shardAt(shard);
	};
	// A replayed or repaired record may have any id. The first shard stores it.
	const storing = (id: string) => shardAt(shardOf(id) ?? 0);
	return {
		async store(rows) {
			const [first] = rows;
			if (first) await storing(first.id).store(rows);
		},
		retryDelivery: (key) => storing(key.id).retryDelivery(key),
		cancelDelivery: (key) => storing(key.id).cancelDelivery(key),
		async listDeliveries(after, filter, limit) {
			const pages = await Promise.all(
				all.map((shard) =>
					// One more shows whether the page is the last.
					shardAt(shard).listDeliveries(after, filter, limit + 1),
				),
			);
			const merged = pages.flatMap(({ found }) => found).sort(byPosition);
			// Beyond the position where a shard stopped, an earlier delivery of that shard may follow.
			const [until] = pages.flatMap(({ end }) => end ?? []).sort(byPosition);
			const known = merged.filter(
				(delivery) => !until || byPosition(delivery, until) <= 0,
			);
			const found = known.slice(0, limit);
			const end = known.length > limit ? found.at(-1) : until;
			if (!end) return { found };
			const { dueAt, id, handler } = end;
			return { found, end: { dueAt, id, handler } };
		},
		cancel: async (id, permission) =>
			(await shardFor(id)?.cancel(id, permission)) ?? "gone",
		reschedule: async (id, dueAt, permission) =>
			(await shardFor(id)?.reschedule(id, dueAt, permission)) ?? "gone",
		async watch() {
			// All settle first: a shard that fails must not keep the others from being watched.
			const watched = await Promise.allSettled(
				all.map((shard) => shardAt(shard).watch()),
			);
			const due = watched.flatMap((end) => {
				if (end.status === "rejected") throw end.reason;
				return end.value.nextDueAt ?? [];
			});
			return { nextDueAt: due.length > 0 ? Math.min(...due) : null };
		},
		async list({ limit, cursor }) {
			const size = pageSize(limit);
			const after = positionOf(cursor) ?? [0, ""];
			const pages = await Promise.all(
				all.map((shard) => shardAt(shard).list(after, size + 1)),
			);
			const merged = pages
				.flat()
				.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
			const page = merged.slice(0, size);
			const last = page.at(-1);
			return {
				scheduled: page,
				...(merged.length > size &&
					last && { cursor: cursorOf([last.dueAt, last.id]) }),
			};
		},
	};
}

function byPosition(one: DeliveryPosition, other: DeliveryPosition): number {
	return (
		one.dueAt - other.dueAt ||
		compare(one.id, other.id) ||
		compare(one.handler, other.handler)
	);
}

function compare(one: string, other: string): number {
	return Number(one > other) - Number(one < other);
}

/** @param shards how many there are */
export function boundScheduler(shards: number): Scheduler {
	return schedulerOf(shards, (shard) =>
		objectPort<SchedulerShard>("Scheduler", `shard-${shard}`, [
			...(["store", "cancel", "reschedule", "list", "watch"] as const),
			...(["listDeliveries", "retryDelivery", "cancelDelivery"] as const),
		]),
	);
}
