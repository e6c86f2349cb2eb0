/** The owner of the events in an incident: its handler fails for one customer until it is repaired. */
import { createEvents, event } from "tidings";
import { selftest } from "tidings/selftest";
import { worker } from "tidings/worker";
import * as z from "zod";

export * from "tidings/objects";

const OrderPaid = event(
	"order.paid",
	z.object({ customer: z.string(), total: z.number() }),
	{ tags: ({ customer }) => ({ customer }) },
);

const events = createEvents({ events: [OrderPaid] });

let isRepaired = false;

events.on(OrderPaid, { id: "charge", retries: 0 }, ({ id, body }) => {
	if (body.customer === "c42" && !isRepaired)
		throw new Error(`no card of ${body.customer} for ${id}`);
});

export default worker(events, {
	selftest: selftest(),
	config: { subscribers: { mail: { binding: "MAIL" as never } } },
	fetch: ({ url }) => {
		isRepaired = url.endsWith("/repair");
		return new Response("done");
	},
});
