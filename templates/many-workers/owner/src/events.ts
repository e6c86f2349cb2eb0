/** The events of this Worker, and its handlers. `tidings.config.ts` names Workers with more handlers. */
import { createEvents } from "tidings";
import { countOrder } from "./count-order.ts";
import { OrderPlaced } from "./order-placed.ts";

export const events = createEvents({ events: [OrderPlaced] });

events.on(OrderPlaced, { id: "count-order", retries: 5 }, countOrder);
