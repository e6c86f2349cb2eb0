/** Ids of events: UUIDs of version 7 (RFC 9562, 5.7) whose last byte is the scheduler shard. It has no state. */
import { v7 } from "uuid";

/** The shard is one byte of the id. */
export const MAX_SHARDS = 256;
export const DEFAULT_SHARDS = 4;

const ID_BYTES = 16;

/**
 * Returns a new id with its shard drawn evenly.
 *
 * The id contains its shard, because a shard that is computed from the id would change when shards are added.
 *
 * @param time timestamp of the id, in epoch milliseconds
 * @param random 16 bytes; a UUID of version 7 uses none of the first six, so those draw the shard
 */
export function newId(
	time: number,
	shards: number,
	random: Uint8Array = crypto.getRandomValues(new Uint8Array(ID_BYTES)),
): string {
	const [high = 0, low = 0] = random;
	const bytes = random.with(15, (high * 256 + low) % shards);
	// Without `msecs` and `random`, uuid would use its own clock and module state.
	return v7({ msecs: time, random: bytes });
}

/**
 * Returns new ids. All their random bytes are drawn in one call: a call for each id took a seventh of the time of
 * publishing in batches.
 *
 * @param count at most 4 096, which need 65 536 bytes, the most that one call draws
 */
export function newIds(count: number, time: number, shards: number): string[] {
	const random = crypto.getRandomValues(new Uint8Array(count * ID_BYTES));
	return Array.from({ length: count }, (_, index) => {
		const from = index * ID_BYTES;
		return newId(time, shards, random.slice(from, from + ID_BYTES));
	});
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
