/** A Worker that has only the binding: it publishes with `events.publish` and by definition, as the owner does. */
import { createEvents } from "tidings";
import { OrderPlaced } from "../../../examples/shop/events.ts";

const events = createEvents({ events: [OrderPlaced] });

const order = { orderId: "b1", email: "ada@example.com", total: 5 };

const ways: Record<string, () => Promise<unknown>> = {
	"/publish": () => events.publish("order.placed", order),
	"/definition": () => OrderPlaced.publish(order),
	"/batch": () => events.publishBatch([{ name: "order.placed", body: order }]),
	"/invalid": () => events.publish("order.placed", { ...order, total: -1 }),
	"/forbidden": () => events.publish("user.left", null),
	"/move": async () => {
		const { id } = await events.publish("order.later", { after: "1 hour" }, 1);
		const moved = await events.reschedule(id, "2 hours");
		return [moved !== false, await events.cancel(id), await events.cancel(id)];
	},
	"/not-awaited": async () => {
		events.publish("order.placed", { ...order, orderId: "not-awaited" });
	},
};

export default {
	async fetch(request) {
		try {
			return Response.json(
				(await ways[new URL(request.url).pathname]?.()) ?? null,
			);
		} catch (error) {
			const { name, code, issues } = error as Record<string, unknown>;
			return Response.json({ name, code, issues }, { status: 400 });
		}
	},
} satisfies ExportedHandler;
