/** The events, handlers and apps that the pages show. */
import { createEvents, event } from "tidings";
import * as z from "zod";
import { bellOf } from "../cost/bell.ts";

/** The event of an app with many subscriptions. */
export const RUNG = "@pages/bell/rung";

const order = z.object({
	orderId: z.string(),
	email: z.email(),
	total: z.number(),
});

export const NAMES = [
	"order.placed",
	"order.paid",
	"order.shipped",
	"order.review-requested",
	"customer.registered",
] as const;

export const HANDLERS = [
	"send-receipt",
	"update-inventory",
	"charge-card",
	"notify-warehouse",
	"sync-ledger",
] as const;

export const events = createEvents({
	events: NAMES.map((name) => event(name, order)),
	apps: [bellOf("pages")],
	observe: () => {},
});

for (const id of HANDLERS) events.on("order.**", { id }, () => {});
// A table of handlers, not only a picture.
for (let n = 0; n < 100; n++)
	events.on("customer.*", { id: `crm-${n}` }, () => {});
