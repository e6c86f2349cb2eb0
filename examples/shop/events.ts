/** The shop's events. The storefront publishes them, the owner handles them. */
import { event } from "tidings";
import * as z from "zod";

export const OrderPlaced = event(
	"order.placed",
	z.object({
		orderId: z.string(),
		email: z.email(),
		total: z.number().positive(),
	}),
);

export const OrderReviewRequested = event(
	"order.review-requested",
	z.object({ orderId: z.string(), email: z.email() }),
);
