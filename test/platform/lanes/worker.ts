/** A Worker with lanes. It records every transition, and the queue of each message. */
import {
	createEvents,
	type HandlerContext,
	type TidingsEvent,
	type Transition,
} from "tidings";
import { selftest } from "tidings/selftest";
import { publisher, worker } from "tidings/worker";
import { decode } from "../../../src/event/envelope.ts";

export const transitions: Transition[] = [];

/** Each received message, with the handler if it is a delivery. */
export const received: { queue: string; id: string; handler?: string }[] = [];

/** What the handler does. It succeeds unless a test sets this. */
export const behaviour: {
	run?: ((event: TidingsEvent, context: HandlerContext) => unknown) | undefined;
} = {};

export const events = createEvents({
	observe: (transition) => transitions.push(transition),
});

events.on(
	"order.*",
	{ id: "audit", retries: { limit: 1, backoff: "constant", base: "1 second" } },
	(event, context) => behaviour.run?.(event, context),
);

const own = worker(events, { selftest: selftest() });

export default {
	...own,
	async queue(batch, env, ctx) {
		for (const { body } of batch.messages) {
			const decoded = decode(body);
			if (decoded.kind !== "envelope") continue;
			const { id, delivery } = decoded.envelope;
			const { queue } = batch;
			received.push({
				queue,
				id,
				...(delivery && { handler: delivery.handler }),
			});
		}
		await own.queue(batch, env, ctx);
	},
} satisfies ExportedHandler<Cloudflare.Env>;
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/objects";
