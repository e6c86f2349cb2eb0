/**
 * The baseline: the least code for the same work, directly on the queue and the objects. It has no ids, no checks, and
 * no retries except the queue's own. Records are JSON text, which is faster than the queue's JSON.
 */
import { env, exports, WorkerEntrypoint } from "cloudflare:workers";
import { drive, type Side } from "../driver.ts";
import { type Body, clock, consumerResumed, count, fail } from "../tally.ts";
import type { Calendar, Row } from "./calendar.ts";
import type { Phonebook } from "./phonebook.ts";

export { Calendar } from "./calendar.ts";
export { Phonebook } from "./phonebook.ts";

interface Event {
	name: string;
	body: Body;
}

const queue = (env as unknown as { QUEUE: Queue<string> }).QUEUE;

const objects = exports as unknown as {
	Calendar: DurableObjectNamespace<Calendar>;
	Phonebook: DurableObjectNamespace<Phonebook>;
};

type Handler = (body: Body, attempt: number) => void | Promise<void>;

const times = (handlers: number): Handler[] =>
	Array.from({ length: handlers }, () => count);

const HANDLERS: Record<string, Handler[]> = {
	"handled-by-1": times(1),
	"handled-by-3": times(3),
	"handled-by-10": times(10),
	clocked: [clock],
	failing: [fail],
};

const text = { contentType: "text" } as const;

function publish(name: string, body: Body): Promise<unknown> {
	return queue.send(JSON.stringify({ name, body }), text);
}

function publishBatch(events: Event[]): Promise<unknown> {
	return queue.sendBatch(
		events.map((event) => ({ body: JSON.stringify(event), ...text })),
	);
}

const calendar = () => objects.Calendar.getByName("calendar");
const phonebook = (of: number) => objects.Phonebook.getByName(`of-${of}`);

const side: Side = {
	publish,
	publishBatch: (name, bodies) =>
		publishBatch(bodies.map((body) => ({ name, body }))),
	schedule: (name, { dueAt, body }) =>
		calendar().add(crypto.randomUUID(), dueAt, JSON.stringify({ name, body })),
	scheduleBatch: (name, timed) =>
		calendar().addAll(
			timed.map(
				({ dueAt, body }): Row => [
					crypto.randomUUID(),
					dueAt,
					JSON.stringify({ name, body }),
				],
			),
		),
	cancel: (id) => calendar().cancel(id),
	fill: (of, subscriptions) => phonebook(of).fill(subscriptions),
	send: (of, keys) =>
		Promise.all(
			keys.map((key) =>
				phonebook(of).send(
					key,
					JSON.stringify({ name: "handled-by-1", body: {} }),
				),
			),
		),
};

export class Publisher extends WorkerEntrypoint {
	publish(name: string, body: Body): Promise<unknown> {
		return publish(name, body);
	}

	publishBatch(events: Event[]): Promise<unknown> {
		return publishBatch(events);
	}
}

export default {
	async fetch(request) {
		if (new URL(request.url).pathname !== "/v1/events")
			return drive(side, request);
		const event = await request.json<Event | Event[]>();
		if (Array.isArray(event)) await publishBatch(event);
		else await publish(event.name, event.body);
		return new Response(null, { status: 202 });
	},

	async queue({ messages }) {
		await consumerResumed();
		for (const message of messages) {
			const { name, body } = JSON.parse(message.body) as Event;
			try {
				for (const handler of HANDLERS[name] ?? [])
					await handler(body, message.attempts);
			} catch {
				message.retry({ delaySeconds: 1 });
			}
		}
	},
} satisfies ExportedHandler<unknown, string>;
