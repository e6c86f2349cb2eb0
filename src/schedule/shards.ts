/** The scheduler as one, over its shards: an event's id tells which of them holds it. */

import { cursorOf, pageSize, positionOf } from "../event/cursor.ts";
import { shardOf } from "../event/id.ts";
import type { PublishPermission } from "../event/permission.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import { objectPort } from "../platform/bindings.ts";
import type { Scheduler } from "../ports.ts";
import type { ListedEvent, MoveResult } from "./schedule.ts";

export interface SchedulerShard {
	store(rows: readonly ScheduledRow[]): Promise<void>;
	cancel(id: string, right: PublishPermission): Promise<MoveResult>;
	reschedule(
		id: string,
		dueAt: number,
		right: PublishPermission,
	): Promise<MoveResult>;
	list(after: [number, string], limit: number): Promise<ListedEvent[]>;
	watch(): Promise<{ nextDueAt: number | null }>;
}

/** The scheduler as one, over its shards: the id tells which holds an event. */
export function schedulerOf(
	shards: number,
	shardAt: (shard: number) => SchedulerShard,
): Scheduler {
	const all = Array.from({ length: shards }, (_, shard) => shard);
	const shardFor = (id: string): SchedulerShard | undefined => {
		const shard = shardOf(id);
		return shard === undefined ? undefined : shardAt(shard);
	};
	return {
		async store(rows) {
			const [first] = rows;
			if (!first) return;
			// A replayed or mended record may have any id; it waits in the first shard.
			await shardAt(shardOf(first.id) ?? 0).store(rows);
		},
		cancel: async (id, right) =>
			(await shardFor(id)?.cancel(id, right)) ?? "gone",
		reschedule: async (id, dueAt, right) =>
			(await shardFor(id)?.reschedule(id, dueAt, right)) ?? "gone",
		async watch() {
			// All of them to their end: one that fails must not keep the others from being watched.
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

/** @param shards how many there are */
export function boundScheduler(shards: number): Scheduler {
	return schedulerOf(shards, (shard) =>
		objectPort<SchedulerShard>("Scheduler", `shard-${shard}`, [
			...(["store", "cancel", "reschedule", "list", "watch"] as const),
		]),
	);
}
