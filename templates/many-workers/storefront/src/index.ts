/** A Worker with a route that publishes through the owner. It has no queue and no object. */
import {
	createClient,
	type PublisherBinding,
	RefusedError,
} from "tidings/client";

/** The body of `order.placed`. If both Workers are in one repository, `createClient<typeof events>` types it instead. */
interface OrderPlaced {
	orderId: string;
	email: string;
	total: number;
}

export default {
	async fetch(request, env) {
		const { pathname } = new URL(request.url);
		if (request.method !== "POST" || pathname !== "/orders")
			return new Response("POST an order to /orders\n", { status: 404 });
		try {
			// `publish` validates the order and rejects an invalid one.
			const { email, total } = Object(await request.json().catch(() => null));
			const orderId = crypto.randomUUID();
			const { id } = await createClient(env.EVENTS).publish<OrderPlaced>(
				"order.placed",
				{ orderId, email, total },
			);
			return Response.json({ orderId, event: id }, { status: 202 });
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			return Response.json({ error: error.message }, { status: 400 });
		}
	},
} satisfies ExportedHandler<{ EVENTS: PublisherBinding }>;
