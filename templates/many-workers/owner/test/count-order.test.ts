import { createTestEvents } from "tidings/testing";
import { expect, test, vi } from "vitest";
import { events } from "../src/events.ts";

test("an order is counted with its total", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	const bus = createTestEvents(events);
	const order = { orderId: "o1", email: "ada@example.com", total: 42 };
	const { id } = await bus.publish("order.placed", order);
	await bus.settle();
	expect(log).toHaveBeenCalledWith(`counted o1 over 42, by event ${id}`);
});
