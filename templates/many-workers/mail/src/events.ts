/** The handlers of this Worker. */
import { createEvents } from "tidings";
import type { Order } from "../../owner/src/order-placed.ts";
import { sendReceipt } from "./send-receipt.ts";

export const events = createEvents();

events.on<Order>(
	"order.placed",
	{ id: "send-receipt", retries: 5 },
	sendReceipt,
);
