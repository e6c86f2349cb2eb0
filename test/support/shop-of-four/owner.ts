/** The owner of the events, with one handler of its own. It counts how each delivery ended, and its clock can be set. */
import { createEvents, defineConfig } from "tidings";
import { publisher, worker } from "tidings/worker";
import { portsOf } from "../../../src/registration.ts";

const ends: Record<string, Record<string, string[]>> = {};

export const events = createEvents({
	observe(transition) {
		const { id, type } = transition;
		if (type !== "delivered" && type !== "dead") return;
		const { handler } = transition;
		ends[id] ??= {};
		ends[id][handler] ??= [];
		ends[id][handler].push(
			type === "dead"
				? `dead: ${transition.cause}, ${transition.error.name}: ${transition.error.message}`
				: type,
		);
	},
});

events.on("order.placed", { id: "own" }, () => {});

const config = defineConfig({
	subscribers: {
		mail: { binding: "MAIL" as never },
		stock: { binding: "STOCK" as never },
	},
	routes: { "count-stock": { handler: "stock/count", events: "order.placed" } },
});

export default worker(events, {
	config,
	async fetch(request) {
		const { pathname, searchParams } = new URL(request.url);
		if (pathname === "/ends") return Response.json(ends);
		// Behind by a minute, what waits a minute is due at once; ahead by a minute, lists are too old.
		const offset = Number(searchParams.get("offset"));
		portsOf(events).clock = () => Date.now() + offset;
		return new Response();
	},
});
export const Publisher = publisher(events);
export { DeadLetters, Payloads, Scheduler } from "tidings/worker";
