/** The Worker: a route that publishes, and the consumer of the events. */
import { RefusedError } from "tidings";
import { selftest } from "tidings/selftest";
import { worker } from "tidings/worker";
import { events } from "./events.ts";
import { OrderPlaced } from "./order-placed.ts";

export default worker(events, {
	selftest: selftest(),
	async fetch(request) {
		const { pathname } = new URL(request.url);
		if (request.method !== "POST" || pathname !== "/orders")
			return new Response("POST an order to /orders\n", { status: 404 });
		try {
			// `publish` validates the order and rejects an invalid one.
			const { email, total } = Object(await request.json().catch(() => null));
			const orderId = crypto.randomUUID();
			const { id } = await events.publish(OrderPlaced, {
				orderId,
				email,
				total,
			});
			return Response.json({ orderId, event: id }, { status: 202 });
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			return Response.json({ error: error.message }, { status: 400 });
		}
	},
});

export * from "tidings/objects";
