/** The shop's API, tested as a user would test a Worker that only publishes: with a stub for the owner. */
import { createTestPublisher } from "tidings/testing";
import { expect, test } from "vitest";
import { events } from "../owner/handlers.ts";
import storefront from "../storefront/index.ts";

/** As in the storefront's `wrangler.toml`. */
const props = { app: "storefront", publish: ["order.**"] };

async function order(body: object) {
	const EVENTS = createTestPublisher(events, { props });
	const request = { method: "POST", body: JSON.stringify(body) };
	const { status } = await storefront.request("/orders", request, { EVENTS });
	return { status, EVENTS };
}

test("an order is published with the request for its review", async () => {
	const { status, EVENTS } = await order({ email: "ada@b.co", total: 42 });
	expect(status).toBe(201);
	expect(EVENTS.published("order.placed")).toMatchObject([
		{ body: { email: "ada@b.co", total: 42 }, delay: 0 },
	]);
	expect(EVENTS.published("order.review-requested")).toMatchObject([
		{ body: { email: "ada@b.co" }, delay: 5_000 },
	]);
});

test("of an invalid order, nothing is published", async () => {
	const { status, EVENTS } = await order({ email: "ada", total: -1 });
	expect(status).toBe(400);
	expect(EVENTS.published()).toEqual([]);
});
