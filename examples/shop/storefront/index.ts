/** The shop's API. It accepts an order and publishes over the binding. It has no queue and no object. */
import { Hono } from "hono";
import { createClient, type PublisherBinding } from "tidings/client";
import * as z from "zod";
import type { events } from "../owner/handlers.ts";

const Order = z.strictObject({
	email: z.email(),
	total: z.number().positive(),
});

const app = new Hono<{ Bindings: { EVENTS: PublisherBinding } }>();

app.post("/orders", async ({ env, req, json }) => {
	const order = Order.safeParse(await req.json().catch(() => undefined));
	if (!order.success) {
		const issues = order.error.issues.map(({ path, message }) => ({
			path: path.join("."),
			message,
		}));
		return json({ error: "invalid order", issues }, 400);
	}

	const orderId = crypto.randomUUID();
	const { email, total } = order.data;
	const shop = createClient<typeof events>(env.EVENTS);
	const receipts = await shop.publishBatch([
		{ name: "order.placed", body: { orderId, email, total } },
		{
			name: "order.review-requested",
			after: "5 seconds",
			body: { orderId, email },
		},
	]);
	return json({ orderId, events: receipts.map(({ id }) => id) }, 201);
});

export default app;
