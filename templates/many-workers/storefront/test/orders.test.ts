import { createTestPublisher } from "tidings/testing";
import { expect, test } from "vitest";
import { events } from "../../owner/src/events.ts";
import storefront from "../src/index.ts";

/** Posts an order to this Worker. The stub stands for the owner, and checks what it is given as the owner does. */
async function post(order: object) {
	const props = { app: "storefront", publish: ["order.**"] };
	const EVENTS = createTestPublisher(events, { props });
	const body = JSON.stringify(order);
	const request = new Request("https://x/orders", { method: "POST", body });
	const { status } = await storefront.fetch(request, { EVENTS } as never);
	return { status, published: EVENTS.published("order.placed") };
}

test("an order is published", async () => {
	const order = { email: "ada@example.com", total: 42 };
	expect(await post(order)).toMatchObject({
		status: 202,
		published: [{ body: order }],
	});
});

test("an invalid order is rejected", async () => {
	expect(await post({ email: "nobody" })).toEqual({
		status: 400,
		published: [],
	});
});
