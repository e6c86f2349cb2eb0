/** The owner of the events, with one handler. It records how each delivery ended, and a test can shift its clock. */
import { createEvents, defineConfig } from "tidings";
import { publisher, worker } from "tidings/worker";
import { shiftClock, withShiftedClock } from "../shifted-clock.ts";

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

const own = worker(events, {
	config,
	async fetch(request) {
		const { pathname, searchParams } = new URL(request.url);
		if (pathname === "/ends") return Response.json(ends);
		// A minute back, a wait of a minute is due at once. A minute ahead, the lists of handlers have expired.
		shiftClock(Number(searchParams.get("offset")));
		return new Response();
	},
});

export default {
	...own,
	queue: (...args: Parameters<typeof own.queue>) =>
		withShiftedClock(() => own.queue(...args)),
};
export const Publisher = publisher(events);
export { DeadLetters, Payloads, Scheduler } from "tidings/objects";
