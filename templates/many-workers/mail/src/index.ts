/** A Worker with handlers. The owner of the events calls them through `Subscriber`. It has no queue and no object. */
import { createEvents, type TidingsEvent } from "tidings";
import { subscriber } from "tidings/worker";

/** The body of `order.placed`, as the owner's schema accepts it. */
interface OrderPlaced {
	orderId: string;
	email: string;
	total: number;
}

const events = createEvents();

/** Can run more than once for an event, and is retried when it throws. */
async function sendReceipt({ id, body }: TidingsEvent<OrderPlaced>) {
	console.log(`receipt for ${body.orderId} to ${body.email}, by event ${id}`);
}

events.on<OrderPlaced>(
	"order.placed",
	{ id: "send-receipt", retries: 5 },
	sendReceipt,
);

export const Subscriber = subscriber(events);
// Cloudflare deploys no Worker without a default export. This one has no public URL.
export default {
	fetch: () => new Response(null, { status: 404 }),
} satisfies ExportedHandler;
