/** Combines the shards of the scheduler. An event's id names its shard. It must not know how a shard stores rows. */

import type { Erase } from "../event/erasure.ts";
import { shardOf } from "../event/id.ts";
import type {
	DeliveryKey,
	DeliveryPosition,
	HourCounts,
	RowSearch,
	ShardFigures,
} from "../event/scheduled-row.ts";
import { objectPort } from "../platform/bindings.ts";
import type { Scheduler } from "../ports.ts";

/** One Durable Object. */
interface Shard extends Omit<Scheduler, "figures" | "erase"> {
	figures(): Promise<ShardFigures>;
	erase: Erase<DeliveryKey>;
}

/** A delivery, or an event, which has no handler. */
type Located = Pick<DeliveryPosition, "dueAt" | "id"> &
	Partial<Pick<DeliveryPosition, "handler">>;

/**
 * @param count how many shards are listed and watched
 * @param shardAt returns the shard with a number, counted from 0
 */
function schedulerOf(
	count: number,
	shardAt: (number: number) => Shard,
): Scheduler {
	const numbers = Array.from({ length: count }, (_, number) => number);
	const shardFor = (id: string): Shard | undefined => {
		const number = shardOf(id);
		return number === undefined ? undefined : shardAt(number);
	};
	// A replayed or repaired record may have any id. The first shard stores it.
	const storing = (id: string) => shardAt(shardOf(id) ?? 0);
	return {
		async store(rows) {
			const [first] = rows;
			if (first) await storing(first.id).store(rows);
		},
		retryDelivery: (key) => storing(key.id).retryDelivery(key),
		cancelDelivery: (cancel) => storing(cancel.id).cancelDelivery(cancel),
		list: (after, filter, limit) =>
			// One more shows whether the page is the last.
			merged(limit, (shard) => shard.list(after, filter, limit + 1)),
		listDeliveries: (after, filter, limit) =>
			merged(limit, (shard) => shard.listDeliveries(after, filter, limit + 1)),
		find: async (id) => (await shardFor(id)?.find(id)) ?? null,
		findDelivery: (key) => storing(key.id).findDelivery(key),
		countByHour: async (since, until) =>
			summed(
				await Promise.all(
					numbers.map((number) => shardAt(number).countByHour(since, until)),
				),
			),
		cancel: async (id, permission) =>
			(await shardFor(id)?.cancel(id, permission)) ?? "gone",
		reschedule: async (id, dueAt, permission) =>
			(await shardFor(id)?.reschedule(id, dueAt, permission)) ?? "gone",
		async erase(erasure, place, isDryRun) {
			const start = place ?? { shard: 0, id: "", handler: "" };
			const { shard: number, ...after } = start;
			const shard = shardAt(number);
			const { next, ...erased } = await shard.erase(erasure, after, isDryRun);
			if (next) return { ...erased, next: { shard: number, ...next } };
			if (number + 1 >= count) return erased;
			return { ...erased, next: { shard: number + 1, id: "", handler: "" } };
		},
		async watch() {
			await ofEach((shard) => shard.watch());
		},
		figures: () => ofEach((shard) => shard.figures()),
	};

	/** All settle first: the other shards must be watched even if one fails. */
	async function ofEach<Result>(
		call: (shard: Shard) => Promise<Result>,
	): Promise<Result[]> {
		const ends = await Promise.allSettled(
			numbers.map((number) => call(shardAt(number))),
		);
		return ends.map((end) => {
			if (end.status === "rejected") throw end.reason;
			return end.value;
		});
	}

	/** Merges the pages of all shards in the order of their positions. */
	async function merged<Item extends Located>(
		limit: number,
		pageOf: (shard: Shard) => Promise<RowSearch<Item>>,
	): Promise<RowSearch<Item>> {
		const pages = await Promise.all(
			numbers.map((number) => pageOf(shardAt(number))),
		);
		const items = pages.flatMap(({ found }) => found).sort(byPosition);
		// Beyond the position where a shard stopped, an earlier item of that shard may follow.
		const [until] = pages.flatMap(({ end }) => end ?? []).sort(byPosition);
		const known = items.filter(
			(item) => !until || byPosition(item, until) <= 0,
		);
		const found = known.slice(0, limit);
		const end = known.length > limit ? found.at(-1) : until;
		if (!end) return { found };
		const { dueAt, id, handler = "" } = end;
		return { found, end: { dueAt, id, handler } };
	}
}

function summed(shards: readonly HourCounts[]): HourCounts {
	const counts = new Map<number, number>();
	for (const { at, count } of shards.flatMap(({ hours }) => hours))
		counts.set(at, (counts.get(at) ?? 0) + count);
	const ends = shards.flatMap(({ countedUntil }) => countedUntil ?? []);
	return {
		hours: [...counts]
			.map(([at, count]) => ({ at, count }))
			.sort((one, other) => one.at - other.at),
		...(ends.length > 0 && { countedUntil: Math.min(...ends) }),
	};
}

function byPosition(one: Located, other: Located): number {
	return (
		one.dueAt - other.dueAt ||
		compare(one.id, other.id) ||
		compare(one.handler ?? "", other.handler ?? "")
	);
}

function compare(one: string, other: string): number {
	return Number(one > other) - Number(one < other);
}

/** @param count how many shards there are */
export function boundScheduler(count: number): Scheduler {
	return schedulerOf(count, (number) =>
		objectPort<Shard>("Scheduler", `shard-${number}`, [
			"store",
			"cancel",
			"reschedule",
			"list",
			"watch",
			"figures",
			"find",
			"countByHour",
			"findDelivery",
			"listDeliveries",
			"retryDelivery",
			"cancelDelivery",
			"erase",
		] as const),
	);
}
