/** The events: what they are called, what they carry, and who handles them here. Others are in `tidings.config.ts`. */
import { createEvents, event } from "tidings";
import * as z from "zod";
import { countOrder } from "./count-order.ts";

export const OrderPlaced = event(
	"order.placed",
	z.object({ orderId: z.string(), email: z.email(), total: z.number() }),
);

export const events = createEvents({ events: [OrderPlaced] });

events.on(OrderPlaced, { id: "count-order", retries: 5 }, countOrder);
