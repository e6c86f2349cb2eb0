/** A handler. It can run more than once for an event, and is retried when it throws. */
import type { TidingsEvent } from "tidings";
import type { Review } from "./review-due.ts";

export async function askForReview({ id, body }: TidingsEvent<Review>) {
	console.log(`asked ${body.email} about ${body.orderId}, by event ${id}`);
}
