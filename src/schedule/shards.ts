/** Combines the shards of the scheduler. An event's id names its shard. It must not know how a shard stores rows. */

import { cursorOf, pageSize, positionOf } from "../event/cursor.ts";
import { shardOf } from "../event/id.ts";
import type { PublishPermission } from "../event/permission.ts";
import type { ScheduledRowStore } from "../event/scheduled-row.ts";
import type { ListedEvent, MoveResult, Schedule } from "./schedule.ts";

export interface SchedulerShard extends ScheduledRowStore {
	cancel(id: string, permission: PublishPermission): Promise<MoveResult>;
	reschedule(
		id: string,
		dueAt: number,
		permission: PublishPermission,
	): Promise<MoveResult>;
	/** @param after the due time and id of the last event of the page before */
	list(
		after: [dueAt: number, id: string],
		limit: number,
	): Promise<ListedEvent[]>;
	watch(): Promise<{ nextDueAt: number | null }>;
}

/** @param shards how many shards are listed and watched */
export function schedulerOf(
	shards: number,
	shardAt: (shard: number) => SchedulerShard,
): Schedule {
	const all = Array.from({ length: shards }, (_, shard) => shard);
	const shardFor = (id: string): SchedulerShard | undefined => {
		const shard = shardOf(id);
		return shard === undefined ? undefined : shardAt(shard);
	};
	return {
		async store(rows) {
			const [first] = rows;
			if (!first) return;
			// A replayed or repaired record may have any id. The first shard stores it.
			await shardAt(shardOf(first.id) ?? 0).store(rows);
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
