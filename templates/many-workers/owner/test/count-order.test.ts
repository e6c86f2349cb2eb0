import { expect, test, vi } from "vitest";
import { countOrder } from "../src/count-order.ts";

test("an order is counted with its total", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	await countOrder({
		id: "e1",
		name: "order.placed",
		body: { orderId: "o1", email: "ada@example.com", total: 42 },
		time: Date.now(),
		delay: 0,
	});
	expect(log).toHaveBeenCalledWith("counted o1 over 42, by event e1");
});
