/** The events, their schemas and their handlers. */
import { createEvents, event } from "tidings";
import * as z from "zod";
import { sendReceipt } from "./send-receipt.ts";

export const OrderPlaced = event(
	"order.placed",
	z.object({ orderId: z.string(), email: z.email(), total: z.number() }),
);

export const events = createEvents({ events: [OrderPlaced] });

events.on(OrderPlaced, { id: "send-receipt", retries: 5 }, sendReceipt);
