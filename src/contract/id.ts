/** An event's id: a UUIDv7 whose last byte tells the scheduler shard that would hold the event. */

/** One byte tells the shard, so there are at most this many. */
export const MAX_SHARDS = 256;
export const DEFAULT_SHARDS = 4;

/**
 * A new id, with a shard drawn evenly. The shard stands in the id rather than being computed from it, so
 * that ids made before shards were added still lead to theirs.
 *
 * The random bits are those of the platform's own version 4, which lies in the same places (RFC 9562, 5.4 and
 * 5.7) and costs a third of making the text here. The shard takes the place of eight of them: 66 are left.
 *
 * @param time epoch milliseconds, the id's timestamp
 */
export function newId(time: number, shards: number): string {
	// A shard may be guessed: what makes an id hard to guess is the rest.
	const shard = HEX[Math.floor(Math.random() * shards)];
	return `${startAt(time)}${crypto.randomUUID().slice(15, 34)}${shard}`;
}

const HEX = Array.from({ length: MAX_SHARDS }, (_, byte) =>
	byte.toString(16).padStart(2, "0"),
);

/** The events of one batch have one time. */
let latest = { time: Number.NaN, start: "" };

/** How the ids of that time begin, their version included. */
function startAt(time: number): string {
	if (time !== latest.time) {
		const stamp = time.toString(16).padStart(12, "0");
		latest = { time, start: `${stamp.slice(0, 8)}-${stamp.slice(8)}-7` };
	}
	return latest.start;
}

const FORM =
	/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The shard that an id tells, or `undefined` when it is no id of ours. */
export function shardOf(id: unknown): number | undefined {
	return typeof id === "string" && FORM.test(id)
		? Number.parseInt(id.slice(-2), 16)
		: undefined;
}
