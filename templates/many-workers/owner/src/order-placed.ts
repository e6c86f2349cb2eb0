/** An event: its name, and the schema of its body. */
import { event } from "tidings";
import * as z from "zod";

const Order = z.object({
	orderId: z.string(),
	email: z.email(),
	total: z.number(),
});

/** The body of the event. Handlers import this type, so that it is written once. */
export type Order = z.infer<typeof Order>;

export const OrderPlaced = event("order.placed", Order);
