/** An event's id: a UUIDv7 whose last byte tells the scheduler shard that would hold the event. */
import { v7 } from "uuid";

/** One byte tells the shard, so there are at most this many. */
export const MAX_SHARDS = 256;
export const DEFAULT_SHARDS = 4;

/**
 * A new id, with a shard drawn evenly. The shard stands in the id rather than being computed from it, so
 * that ids made before shards were added still lead to theirs.
 *
 * @param time epoch milliseconds, the id's timestamp
 */
export function newId(time: number, shards: number): string {
	const random = crypto.getRandomValues(new Uint8Array(16));
	random[15] = Math.floor(((random[15] as number) / MAX_SHARDS) * shards);
	return v7({ msecs: time, random });
}

const FORM =
	/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The shard that an id tells, or `undefined` when it is no id of ours. */
export function shardOf(id: unknown): number | undefined {
	return typeof id === "string" && FORM.test(id)
		? Number.parseInt(id.slice(-2), 16)
		: undefined;
}
