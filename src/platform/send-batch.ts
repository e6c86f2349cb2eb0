/** Splits what is to be sent into batches that a queue takes, and counts it only as far as that depends on it. */
import { byteLength, mostBytes } from "../event/json.ts";
import {
	METADATA_BYTES,
	SEND_BATCH_BYTES,
	SEND_BATCH_MESSAGES,
} from "../event/limits.ts";

/** In order, each at most 100 items and 240 000 bytes, except that an item larger than that goes alone. */
export function chunks<Item>(
	items: readonly Item[],
	bytesOf: (item: Item) => number,
): Item[][] {
	const batches: Item[][] = [];
	// None is open yet.
	let current: Item[] = [];
	let room = -1;
	for (const item of items) {
		const bytes = bytesOf(item);
		if (bytes > room || current.length === SEND_BATCH_MESSAGES) {
			current = [];
			batches.push(current);
			room = SEND_BATCH_BYTES;
		}
		current.push(item);
		room -= bytes;
	}
	return batches;
}

/** As many texts of so many bytes as a batch may have fit into it: nothing depends on how small they are. */
const SMALL = SEND_BATCH_BYTES / SEND_BATCH_MESSAGES - METADATA_BYTES;

/**
 * Bytes of a text that is to be sent; of a small one, which nobody has to count, the most that they may be.
 *
 * @param narrow so many of its first characters have one byte each
 * @param besides bytes that are counted with it
 */
export function roughBytes(text: string, narrow = 0, besides = 0): number {
	const most = besides + mostBytes(text, narrow);
	return most <= SMALL ? most : besides + byteLength(text);
}

/** What a record counts in a batch, in bytes. */
export function messageBytes(record: string): number {
	return roughBytes(record) + METADATA_BYTES;
}
