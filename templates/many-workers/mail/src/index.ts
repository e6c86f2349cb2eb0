/** A Worker that brings handlers. The owner of the events calls them through its `Subscriber`; it has no queue and no object. */
import { createEvents, type TidingsEvent } from "tidings";
import { subscriber } from "tidings/worker";

/** As the owner's schema takes it. */
interface OrderPlaced {
	orderId: string;
	email: string;
	total: number;
}

const events = createEvents();

/** It may run more than once for an event, and is tried again when it throws. */
async function sendReceipt({ id, body }: TidingsEvent<OrderPlaced>) {
	console.log(`receipt for ${body.orderId} to ${body.email}, by event ${id}`);
}

events.on<OrderPlaced>(
	"order.placed",
	{ id: "send-receipt", retries: 5 },
	sendReceipt,
);

export const Subscriber = subscriber(events);
// Cloudflare deploys no Worker without a handler of its own; nobody comes this way.
export default {
	fetch: () => new Response(null, { status: 404 }),
} satisfies ExportedHandler;
