import { createTestEvents } from "tidings/testing";
import { expect, test, vi } from "vitest";
import { events } from "../src/events.ts";
import { app } from "../src/routes.ts";

const order = {
	method: "POST",
	body: JSON.stringify({ email: "ada@example.com", total: 42 }),
};

test("three days after an order, its review is asked for", async () => {
	const log = vi.spyOn(console, "log").mockReturnValue();
	const bus = createTestEvents(events);
	const response = await bus.request(() => app.request("/orders", order));
	expect(response.status).toBe(202);
	await bus.advance("2 days");
	expect(bus.attempts()).toMatchObject([
		{ handler: "send-receipt", outcome: "delivered" },
	]);
	await bus.advance("1 day");
	expect(bus.attempts("ask-for-review")).toMatchObject([
		{ outcome: "delivered" },
	]);
	expect(log).toHaveBeenCalledTimes(2);
});

test("a cancelled review is not asked for", async () => {
	const bus = createTestEvents(events);
	const response = await bus.request(() => app.request("/orders", order));
	const { review } = (await response.json()) as { review: string };
	const path = `/reviews/${review}`;
	await bus.request(() => app.request(path, { method: "DELETE" }));
	await bus.advance("4 days");
	expect(bus.attempts("ask-for-review")).toEqual([]);
});
