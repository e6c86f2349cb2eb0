/** The events of this Worker, and its handlers. */
import { createEvents } from "tidings";
import { askForReview } from "./ask-for-review.ts";
import { OrderPlaced } from "./order-placed.ts";
import { ReviewDue } from "./review-due.ts";
import { sendReceipt } from "./send-receipt.ts";

export const events = createEvents({ events: [OrderPlaced, ReviewDue] });

events.on(OrderPlaced, { id: "send-receipt", retries: 5 }, sendReceipt);
events.on(ReviewDue, { id: "ask-for-review", retries: 5 }, askForReview);
