/** A Worker with a handler. The owner of the events calls it through `Subscriber`. It has no queue and no object. */
import { createEvents } from "tidings";
import { subscriber } from "tidings/worker";
import type { Order } from "../../owner/src/order-placed.ts";
import { sendReceipt } from "./send-receipt.ts";

const events = createEvents();
events.on<Order>(
	"order.placed",
	{ id: "send-receipt", retries: 5 },
	sendReceipt,
);

export const Subscriber = subscriber(events);
// Cloudflare deploys no Worker without a default export. This one has no public URL.
export default {
	fetch: () => new Response(null, { status: 404 }),
} satisfies ExportedHandler;
