/** The shop's handlers, tested as a user would test them: with the test kit, in virtual time. */
import { createTestEvents, type TestEvents } from "tidings/testing";
import { expect, test, vi } from "vitest";
import { events } from "../owner/handlers.ts";

vi.spyOn(console, "log").mockReturnValue();

const order = { orderId: "o1", email: "ada@example.com", total: 42 };

const outcomes = (bus: Pick<TestEvents, "attempts">, handler: string) =>
	bus.attempts(handler).map(({ outcome }) => outcome);

test("an order reaches each handler: one fails twice, one for good, one times out", async () => {
	const bus = createTestEvents(events);
	await bus.publish("order.placed", order);
	await bus.advance("1 minute");
	expect(outcomes(bus, "send-receipt")).toEqual(["delivered"]);
	expect(outcomes(bus, "reserve-stock")).toEqual([
		"failed",
		"failed",
		"delivered",
	]);
	expect(outcomes(bus, "sync-ledger")).toEqual(["failed", "dead"]);
	expect(outcomes(bus, "check-address")).toEqual(["delivered"]);
	expect(outcomes(bus, "render-invoice")).toEqual(["failed", "dead"]);
	expect(bus.deadLetters()).toMatchObject([
		{ handler: "sync-ledger", cause: "exhausted", attempts: 2 },
		{ handler: "render-invoice", cause: "exhausted", attempts: 2 },
	]);
});

test("an address that no mail can reach is a dead letter at once", async () => {
	const bus = createTestEvents(events);
	await bus.publish("order.placed", { ...order, email: "a@shop.invalid" });
	await bus.settle();
	expect(bus.deadLetters()).toMatchObject([
		{ handler: "check-address", cause: "non_retryable" },
	]);
});

test("a crash in the middle of an order loses nothing", async () => {
	const bus = createTestEvents(events);
	bus.crashAt("after-handler");
	await bus.publish("order.placed", order);
	await bus.advance("10 minutes");
	expect(outcomes(bus, "send-receipt")).toEqual(["crashed", "delivered"]);
	expect(outcomes(bus, "reserve-stock").at(-1)).toBe("delivered");
});

test("a review is asked for when it is due, and a cancelled one never", async () => {
	const bus = createTestEvents(events);
	const review = { orderId: "o1", email: "ada@example.com" };
	const name = "order.review-requested";
	await bus.publish(name, { after: "3 days" }, review);
	const { id } = await bus.publish(name, { after: "3 days" }, review);
	await bus.advance("2 days");
	expect(bus.attempts()).toEqual([]);
	await bus.cancel(id);
	await bus.advance("1 day");
	expect(outcomes(bus, "ask-for-review")).toEqual(["delivered"]);
});
