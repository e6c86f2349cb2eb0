/** Tidings as users run it: the owner of the events. Like the baseline it logs nothing. */
import { exports } from "cloudflare:workers";
import { createEvents } from "tidings";
import { apps, type Capabilities, createApp } from "tidings/apps";
import { publisher, worker } from "tidings/worker";
import { drive, type Side } from "../driver.ts";
import { type Body, clock, consumerResumed, count, fail } from "../tally.ts";
import type { Subscriptions } from "./subscriptions.ts";

export { DeadLetters, Payloads, Scheduler } from "tidings/objects";
export { Subscriptions } from "./subscriptions.ts";

const rung = {
	description: "Fires when somebody rings",
	capabilities: [],
	tokens: { "@speed/auth": { door: ["number"] } },
	payload: { type: "object" },
};
const parts = {
	start: { default: () => {} },
	handler: { default: () => {} },
	stop: { default: () => {} },
};

/** Events with different numbers of subscribers. Each subscriber has a number. */
const bell = createApp("@speed/bell", {
	events: { "of-10": rung, "of-1000": rung, "of-100000": rung },
	handlers: { "of-10": parts, "of-1000": parts, "of-100000": parts },
	tools: {
		ring: {
			async default(input: unknown, { event }: Capabilities) {
				const [name, keys] = input as [string, number[]];
				await Promise.all(
					keys.map((number) =>
						event.send(name, { toSubscribers: { number }, payload: {} }),
					),
				);
			},
		},
	},
	capabilities: ["event"],
});

const guest = createApp("@speed/guest", {
	tools: { hear: { default: count } },
});

const events = createEvents({ apps: [bell, guest], observe: () => {} });

for (const handlers of [1, 3, 10])
	for (let number = 1; number <= handlers; number++)
		events.on(`handled-by-${handlers}`, { id: `${handlers}-${number}` }, count);
events.on<Body>("clocked", { id: "clock" }, ({ body }) => clock(body));
events.on<Body>(
	"failing",
	{ id: "fail", retries: { limit: 3, backoff: "constant", base: "1 second" } },
	({ body }, { attempt }) => fail(body, attempt),
);

const objects = exports as unknown as {
	Subscriptions: DurableObjectNamespace<Subscriptions>;
};

const side: Side = {
	publish: (name, body) => events.publish(name, body),
	publishBatch: (name, bodies) =>
		events.publishBatch(bodies.map((body) => ({ name, body }))),
	async schedule(name, { dueAt, body }) {
		const after = new Date(dueAt);
		return (await events.publish(name, { after }, body)).id;
	},
	async scheduleBatch(name, timed) {
		const receipts = await events.publishBatch(
			timed.map(({ dueAt, body }) => ({ name, after: new Date(dueAt), body })),
		);
		return receipts.map(({ id }) => id);
	},
	cancel: (id) => events.cancel(id),
	fill: (of, count) =>
		objects.Subscriptions.getByName(`@speed/bell/of-${of}`).fill(count),
	send: (of, keys) =>
		events.apps.run("@speed/bell", "ring", [`of-${of}`, keys]),
};

const own = worker(events, {
	apps: apps(),
	fetch: (request) => drive(side, request),
});

export default {
	...own,
	async queue(batch, env, ctx) {
		await consumerResumed();
		return own.queue(batch, env, ctx);
	},
} satisfies ExportedHandler<Cloudflare.Env>;

export const Publisher = publisher(events);
