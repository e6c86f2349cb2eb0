/** A handler. It can run more than once for an event, and is retried when it throws. */
import type { TidingsEvent } from "tidings";
import type { Order } from "../../owner/src/order-placed.ts";

export async function sendReceipt({ id, body }: TidingsEvent<Order>) {
	console.log(`receipt for ${body.orderId} to ${body.email}, by event ${id}`);
}
