/** Splits what is to be sent into batches that a queue takes. */
import { SEND_BATCH_BYTES, SEND_BATCH_MESSAGES } from "./limits.ts";

/** In order, each at most 100 items and 240 000 bytes, except that an item larger than that goes alone. */
export function chunks<Item>(
	items: readonly Item[],
	bytesOf: (item: Item) => number,
): Item[][] {
	const batches: Item[][] = [];
	let room = 0;
	for (const item of items) {
		const bytes = bytesOf(item);
		const current = batches.at(-1);
		if (current && current.length < SEND_BATCH_MESSAGES && bytes <= room) {
			current.push(item);
			room -= bytes;
		} else {
			batches.push([item]);
			room = SEND_BATCH_BYTES - bytes;
		}
	}
	return batches;
}
