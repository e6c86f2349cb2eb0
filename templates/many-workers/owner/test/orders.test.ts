import { reset } from "cloudflare:test";
import { createEvents } from "tidings";
import { createTestEvents } from "tidings/testing/workers";
import { afterEach, expect, test, vi } from "vitest";
import { events } from "../src/events.ts";
import config from "../tidings.config.ts";

const order = { orderId: "o1", email: "ada@example.com", total: 42 };

/** Stands for the Worker `mail`. */
const mail = createEvents();
mail.on("order.placed", { id: "send-receipt" }, () => {});

// The objects store what they did in a test.
afterEach(() => reset());

test("an order is counted with its total", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	const bus = createTestEvents(events, { workers: { mail }, config });
	const { id } = await bus.publish("order.placed", order);
	await bus.settle();
	expect(log).toHaveBeenCalledWith(`counted o1 over 42, by event ${id}`);
});

test("a receipt is sent at the second attempt", async () => {
	const bus = createTestEvents(events, { workers: { mail }, config });
	bus.failNext("mail/send-receipt");
	await bus.publish("order.placed", order);
	await bus.advance("1 minute");
	expect(bus.attempts("mail/send-receipt")).toMatchObject([
		{ outcome: "failed" },
		{ outcome: "delivered" },
	]);
});
