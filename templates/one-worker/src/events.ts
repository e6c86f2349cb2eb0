/** The events of this Worker, and its handlers. */
import { createEvents } from "tidings";
import { OrderPlaced } from "./order-placed.ts";
import { sendReceipt } from "./send-receipt.ts";

export const events = createEvents({ events: [OrderPlaced] });

events.on(OrderPlaced, { id: "send-receipt", retries: 5 }, sendReceipt);
