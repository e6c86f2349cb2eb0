/** A Worker with a route that publishes through the owner. It has no queue and no object. */
import { createClient, RefusedError } from "tidings/client";
import type { events } from "../../owner/src/events.ts";

export default {
	async fetch(request: Request, env) {
		const { pathname } = new URL(request.url);
		if (request.method !== "POST" || pathname !== "/orders")
			return new Response("POST an order to /orders\n", { status: 404 });
		try {
			// `publish` validates the order and rejects an invalid one.
			const { email, total } = Object(await request.json().catch(() => null));
			const orderId = crypto.randomUUID();
			const client = createClient<typeof events>(env.EVENTS);
			const order = { orderId, email, total };
			const { id } = await client.publish("order.placed", order);
			return Response.json({ orderId, event: id }, { status: 202 });
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			return Response.json({ error: error.message }, { status: 400 });
		}
	},
} satisfies ExportedHandler<Env>;
