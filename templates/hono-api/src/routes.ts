/** The routes of this API. Tidings answers next to them, under `/v1`, `/health`, `/hooks` and `/_tidings`. */
import { Hono } from "hono";
import { RefusedError } from "tidings";
import { events } from "./events.ts";
import { OrderPlaced } from "./order-placed.ts";
import { ReviewDue } from "./review-due.ts";

export const app = new Hono<{ Bindings: Env }>();

app.get("/", (context) =>
	context.text("POST an order to /orders, DELETE a review at /reviews/:id\n"),
);

/** Publishes the order, and schedules the question for a review. `publish` validates, and rejects an invalid order. */
app.post("/orders", async (context) => {
	const { email, total } = Object(await context.req.json().catch(() => null));
	const orderId = crypto.randomUUID();
	const order = await events.publish(OrderPlaced, { orderId, email, total });
	const review = await events.publish(
		ReviewDue,
		{ after: "3 days" },
		{ orderId, email },
	);
	return context.json({ orderId, event: order.id, review: review.id }, 202);
});

/** Cancels a question that is still scheduled. */
app.delete("/reviews/:id", async (context) => {
	const isCancelled = await events.cancel(context.req.param("id"));
	return context.body(null, isCancelled ? 204 : 404);
});

app.onError((error, context) => {
	if (!(error instanceof RefusedError)) throw error;
	return context.json({ error: error.message }, 400);
});
