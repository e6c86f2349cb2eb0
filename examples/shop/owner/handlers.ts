/** The shop's handlers, one for each outcome that a delivery can have. */
import { createEvents, NonRetryableError } from "tidings";
import { OrderPlaced, OrderReviewRequested } from "../events.ts";
import { trace } from "./trace.ts";

export const events = createEvents({
	events: [OrderPlaced, OrderReviewRequested],
	observe: trace,
});

// Succeeds at once.
events.on(OrderPlaced, { id: "send-receipt" }, async ({ body }) => {
	console.log(`receipt for ${body.orderId} sent to ${body.email}`);
});

// Fails twice, then succeeds.
events.on(
	OrderPlaced,
	{ id: "reserve-stock", retries: { backoff: ["1 second", "2 seconds"] } },
	async ({ body }, { attempt }) => {
		if (attempt < 3) throw new Error("the warehouse is busy");
		console.log(`stock for ${body.orderId} reserved`);
	},
);

// Always fails: a dead letter after one retry.
events.on(
	OrderPlaced,
	{ id: "sync-ledger", retries: { limit: 1, base: "1 second" } },
	async () => {
		throw new Error("the ledger is closed for good");
	},
);

// Rejects an invalid address: a dead letter at once, until a person corrects the address and replays it.
events.on<{ email?: string } | null>(
	"order.*",
	{ id: "check-address" },
	async ({ body }) => {
		if (body?.email?.endsWith(".invalid"))
			throw new NonRetryableError(`no mail can reach ${body.email}`);
	},
);

// Times out: two attempts of half a second each, then a dead letter.
events.on(
	OrderPlaced,
	{
		id: "render-invoice",
		timeout: "0.5 seconds",
		retries: { limit: 1, backoff: "constant", base: "1 second" },
	},
	(_, { signal }) =>
		new Promise((resolve) => signal.addEventListener("abort", resolve)),
);

// Runs when the event is due.
events.on(
	OrderReviewRequested,
	{ id: "ask-for-review" },
	async ({ body, delay }) => {
		console.log(`review of ${body.orderId} asked for, ${delay} ms later`);
	},
);
