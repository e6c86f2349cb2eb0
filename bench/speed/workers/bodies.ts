/** Bodies of events: JSON objects like those of orders, because one long text is too easy to parse. */
import type { Body } from "./tally.ts";

const ITEM_BYTES = 100;

/** Returns a body of about this many bytes as JSON. */
export function bodyOf(bytes: number): Body {
	return { items: Array.from({ length: bytes / ITEM_BYTES }, item) };
}

function item(_: unknown, number: number): object {
	return {
		sku: `sku-${String(number).padStart(6, "0")}`,
		title: "A product that a customer has ordered",
		price: 12.5,
		count: 3,
		gift: false,
	};
}
