/** A handler. It can run more than once for an event, and is retried when it throws. */
import type { TidingsEvent } from "tidings";
import type { Order } from "./order-placed.ts";

export async function countOrder({ id, body }: TidingsEvent<Order>) {
	console.log(`counted ${body.orderId} over ${body.total}, by event ${id}`);
}
