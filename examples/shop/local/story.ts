/** The script of the demo. Every transition that an event can have happens to one of its events. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "./callers.ts";
import type { HandlerEntry, Ledger } from "./ledger.ts";

/** A dead letter of the owner's API: only the fields that are read here. */
interface DeadLetter {
	id: string;
	event: { id: string; body: object };
}

/** Milliseconds between steps, so that a person can follow. */
const PAUSE = 1_000;

export async function playStory(
	storefront: Call,
	owner: Call,
	ledger: Ledger,
	scene: (text: string) => void,
): Promise<void> {
	const known = await owner<{ handlers: HandlerEntry[] }>(
		"GET",
		"/v1/handlers",
	);
	ledger.expect(known.body.handlers);

	scene("Three customers order; the second one mistypes her address.");
	await order({ email: "ada@example.com", total: 42.5 });
	const mistaken = await order({ email: "grace@example.invalid", total: 19 });
	await order({ email: "alan@example.com", total: 7.25 });

	scene("A fourth sends an invalid order.");
	await storefront("POST", "/orders", { email: "invalid", total: -1 });
	await sleep(PAUSE);

	scene(
		"A program with a key orders, and publishes an event without a handler.",
	);
	const body = { orderId: "o-1815", email: "mary@example.com" };
	await publish("order.placed", { body: { ...body, total: 250 } });
	await publish("cart.abandoned", { body: { cartId: "c-7" } });

	scene("Of two scheduled events, one is cancelled and one is rescheduled.");
	const review = "order.review-requested";
	const hourly = await publish(review, { after: "1 hour", body });
	await owner("DELETE", `/v1/scheduled/${hourly}`);
	await sleep(PAUSE);
	const daily = await publish(review, { after: "1 day", body });
	await owner("PATCH", `/v1/scheduled/${daily}`, { after: "3 seconds" });
	await sleep(PAUSE);

	scene("A person corrects the address in the dead letter and replays it.");
	const letter = await letterOf("check-address", mistaken);
	const corrected = { ...letter.event.body, email: "grace@example.com" };
	await owner("POST", `/v1/dead-letters/${letter.id}/replay`, {
		body: corrected,
	});
	await sleep(PAUSE);

	scene("Another dead letter is not needed any more, and is discarded.");
	const hopeless = await letterOf("sync-ledger", mistaken);
	await owner("DELETE", `/v1/dead-letters/${hopeless.id}`);

	/** Returns the id of the event `order.placed`. */
	async function order(customer: { email: string; total: number }) {
		const { body } = await storefront<{ events: [string, string] }>(
			"POST",
			"/orders",
			customer,
		);
		const [placed, review] = body.events;
		ledger.accept(placed, "order.placed");
		ledger.accept(review, "order.review-requested");
		await sleep(PAUSE);
		return placed;
	}

	async function publish(name: string, rest: { body: object; after?: string }) {
		const { body } = await owner<{ id: string }>("POST", "/v1/events", {
			name,
			...rest,
		});
		ledger.accept(body.id, name);
		await sleep(PAUSE);
		return body.id;
	}

	/** Waits until the delivery has a dead letter. */
	async function letterOf(handler: string, event: string): Promise<DeadLetter> {
		for (;;) {
			const page = await owner<{ deadLetters: DeadLetter[] }>(
				"GET",
				`/v1/dead-letters?q=handler:${handler}`,
			);
			const found = page.body.deadLetters.find((one) => one.event.id === event);
			if (found)
				return (await owner<DeadLetter>("GET", `/v1/dead-letters/${found.id}`))
					.body;
			await sleep(50);
		}
	}
}
