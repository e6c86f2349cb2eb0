import { createTestEvents } from "tidings/testing";
import { expect, test, vi } from "vitest";
import { events } from "../src/events.ts";

const order = { orderId: "o1", email: "ada@example.com", total: 42 };

test("a receipt is sent at the second attempt", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	const bus = createTestEvents(events);
	bus.failNext("send-receipt");
	const { id } = await bus.publish("order.placed", order);
	await bus.advance("1 minute");
	expect(bus.attempts("send-receipt")).toMatchObject([
		{ outcome: "failed" },
		{ outcome: "delivered" },
	]);
	expect(log).toHaveBeenCalledWith(
		`receipt for o1 to ada@example.com, by event ${id}`,
	);
});
