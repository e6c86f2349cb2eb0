/** A second Worker in an incident: its handler fails for the same customer until it is repaired. */
import { createEvents, NonRetryableError } from "tidings";
import { subscriber } from "tidings/worker";

const events = createEvents();
let isRepaired = false;

events.on<{ customer: string }>("order.paid", { id: "receipt" }, ({ body }) => {
	if (body.customer === "c42" && !isRepaired)
		throw new NonRetryableError("the address has no domain");
});

export const Subscriber = subscriber(events);
export default {
	fetch: ({ url }) => {
		isRepaired = url.endsWith("/repair");
		return new Response("done");
	},
} satisfies ExportedHandler;
