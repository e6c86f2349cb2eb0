/** Splits messages into batches that fit one `sendBatch`. It sends nothing. */
import { byteLength } from "../event/json.ts";
import {
	METADATA_BYTES,
	SEND_BATCH_BYTES,
	SEND_BATCH_MESSAGES,
} from "../event/limits.ts";

/** Splits items, in order, into batches of at most 100 items and 240 000 bytes. A larger item is a batch of its own. */
export function chunks<Item>(
	items: readonly Item[],
	bytesOf: (item: Item) => number,
): Item[][] {
	const batches: Item[][] = [];
	// No batch is open yet.
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

/** Counts the bytes of a record in a batch, metadata included. */
export function messageBytes(record: string): number {
	return byteLength(record) + METADATA_BYTES;
}
