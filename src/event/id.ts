/** Ids of events: UUIDs of version 7 (RFC 9562, 5.7) whose last byte is the scheduler shard. */
import { v7 } from "uuid";

/** The shard is one byte of the id. */
export const MAX_SHARDS = 256;
export const DEFAULT_SHARDS = 4;

/**
 * Returns a new id with its shard drawn evenly.
 *
 * The id contains its shard, because a shard that is computed from the id would change when shards are added.
 *
 * @param time timestamp of the id, in epoch milliseconds
 * @param random 16 bytes, the last of which is overwritten; a UUID of version 7 uses none of the first six, so those
 * draw the shard
 */
export function newId(
	time: number,
	shards: number,
	random: Uint8Array = randomBytes(),
): string {
	const [high = 0, low = 0] = random;
	random[15] = (high * 256 + low) % shards;
	// Without `msecs` and `random`, uuid would use its own clock and module state.
	return v7({ msecs: time, random });
}

/** Random bytes for the next 64 ids: one call for each id took a seventh of the time to publish an event in a batch. */
const pool = new Uint8Array(64 * 16);
let used = pool.length;

function randomBytes(): Uint8Array {
	if (used === pool.length) {
		crypto.getRandomValues(pool);
		used = 0;
	}
	used += 16;
	return pool.slice(used - 16, used);
}

const FORM =
	/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Returns the shard in an id, or `undefined` for any other value. */
export function shardOf(id: unknown): number | undefined {
	return isId(id) ? Number.parseInt(id.slice(-2), 16) : undefined;
}

/** Returns the time in an id, in epoch milliseconds, or `undefined` for any other value. */
export function timeOf(id: unknown): number | undefined {
	return isId(id)
		? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
		: undefined;
}

function isId(value: unknown): value is string {
	return typeof value === "string" && FORM.test(value);
}
