/** The bodies of the bench's events: JSON as orders have it, for one long text would be too easy to parse. */
import type { Body } from "./tally.ts";

const ITEM_BYTES = 100;

/** A body of about so many bytes as JSON. */
export function bodyOf(bytes: number): Body {
	return { items: Array.from({ length: bytes / ITEM_BYTES }, item) };
}

function item(_: unknown, number: number): object {
	return {
		sku: `sku-${String(number).padStart(6, "0")}`,
		title: "A thing of which somebody wants some",
		price: 12.5,
		count: 3,
		gift: false,
	};
}
