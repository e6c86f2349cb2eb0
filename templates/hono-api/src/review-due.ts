/** An event that is scheduled: its name, and the schema of its body. */
import { event } from "tidings";
import * as z from "zod";

const Review = z.object({ orderId: z.string(), email: z.email() });

/** The body of the event. */
export type Review = z.infer<typeof Review>;

export const ReviewDue = event("order.review-due", Review);
