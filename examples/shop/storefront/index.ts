/** The shop's API: it takes an order and publishes over the binding. It has no queue and no object. */
import { Hono } from "hono";
import { createClient, type PublisherBinding } from "tidings/client";
import type { events } from "../owner/handlers.ts";

const app = new Hono<{ Bindings: { EVENTS: PublisherBinding } }>();

app.post("/orders", async ({ env, req, json }) => {
	const order = await req.json<{ email: string; total: number }>();
	const orderId = crypto.randomUUID();
	const { email, total } = order;

	const shop = createClient<typeof events>(env.EVENTS);
	const placed = await shop.publish("order.placed", { orderId, email, total });
	const review = await shop.publish(
		"order.review-requested",
		{ after: "5 seconds" },
		{ orderId, email },
	);
	return json({ orderId, events: [placed.id, review.id] }, 201);
});

export default app;
