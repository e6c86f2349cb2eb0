/**
 * The three queue bindings, with a fault point on either side of each send. This module must come before any
 * that reads the environment.
 */
import { env } from "cloudflare:workers";
import { faulty } from "./points.ts";
import { queueObject } from "./queues.ts";

Object.assign(env, {
	EVENTS_QUEUE: producer("EventsQueue"),
	RETRIES_QUEUE: producer("RetriesQueue"),
	DEAD_LETTERS_QUEUE: producer("DeadLettersQueue"),
});

/** What the product calls of Cloudflare's `Queue`. */
function producer(className: string) {
	return {
		send: (body: string, { delaySeconds = 0 }: QueueSendOptions = {}) =>
			faulty(`${className}.send${handlerOf(body)}`, () =>
				queueObject(className).put([body], delaySeconds),
			),
		sendBatch: (messages: readonly { body: string }[]) =>
			faulty(`${className}.sendBatch`, () =>
				queueObject(className).put(
					messages.map(({ body }) => body),
					0,
				),
			),
		metrics: () => queueObject(className).metrics(),
	};
}

/** For the label: a delivery of one handler takes another way than one of another. */
function handlerOf(record: string): string {
	const { delivery, letter } = JSON.parse(record);
	const { handler } = delivery ?? letter ?? {};
	return handler === undefined ? "" : ` → ${handler}`;
}
