import { expect, test, vi } from "vitest";
import { sendReceipt } from "../src/send-receipt.ts";

test("a receipt names the order and its address", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	await sendReceipt({
		id: "e1",
		name: "order.placed",
		body: { orderId: "o1", email: "ada@example.com", total: 42 },
		time: Date.now(),
		delay: 0,
	});
	expect(log).toHaveBeenCalledWith(
		"receipt for o1 to ada@example.com, by event e1",
	);
});
