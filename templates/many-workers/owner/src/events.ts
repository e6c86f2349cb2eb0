/** The events, their schemas, and the handlers in this Worker. `tidings.config.ts` names Workers with more handlers. */
import { createEvents, event } from "tidings";
import * as z from "zod";
import { countOrder } from "./count-order.ts";

export const OrderPlaced = event(
	"order.placed",
	z.object({ orderId: z.string(), email: z.email(), total: z.number() }),
);

export const events = createEvents({ events: [OrderPlaced] });

events.on(OrderPlaced, { id: "count-order", retries: 5 }, countOrder);
